import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RuleDiffView, RuleVersionsView, RuleVersionView, RuleView } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { type Caller, call, setUp } from "./http.ts";
import { type GatewayHandle, house, startGateway, temporaryFolder, tram } from "./processes.ts";

const LEAK = `- id: leak   # never switch this off
  triggers:
    - { time: "07:00" }
  actions:
    - { notify: Water!, level: alarm }
`;
const FILE = `# The rules of the house

${LEAK}- id: evening
  triggers: [{ time: "19:00" }]
  actions: [{ notify: "Good evening" }]
`;

interface Room {
  readonly gateway: GatewayHandle;
  readonly admin: Caller;
  versions(query?: string): Promise<readonly RuleVersionView[]>;
  rule(id: string): Promise<RuleView | undefined>;
  /** Asks again and again: what a watcher sees is told nobody outside. */
  until<T>(ask: () => Promise<T | undefined>): Promise<T>;
}

async function room(gateway: GatewayHandle, admin: Caller): Promise<Room> {
  return {
    gateway,
    admin,
    versions: async (query = "rule-versions") =>
      ((await call(gateway, "GET", `/api/v1/${query}`, admin)).body as RuleVersionsView).versions,
    rule: async (id) => {
      const { body, status } = await call(gateway, "GET", `/api/v1/rules/${id}`, admin);
      return status === 200 ? (body as RuleView) : undefined;
    },
    until: async (ask) => {
      for (;;) {
        const found = await ask();
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

describe("versions of the rules", () => {
  test("each change has an author, words and a diff; a rule is rolled back, also one that was removed", async () => {
    using folder = temporaryFolder("versions");
    const { config, rulesDir } = house(folder.path, { rules: FILE });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const { admin, rule, until, versions } = await room(gateway, await setUp(gateway));
    const file = join(rulesDir, "rules.yaml");
    expect(await versions()).toMatchObject([
      {
        version: 1,
        file: "rules.yaml",
        by: "file",
        clock: "synced",
        changes: { added: ["leak", "evening"] },
        current: true,
      },
    ]);

    const louder = LEAK.slice(2).replace(/^ {2}/gm, "").replace("Water!", "Water everywhere!");
    const put = await call(gateway, "PUT", "/api/v1/rules/leak/source", { body: { text: louder }, ...admin });
    expect(put.status).toBe(200);
    // No waiting: what is answered is kept.
    expect((await versions())[0]).toMatchObject({ version: 2, by: "minh", changes: { changed: ["leak"] } });
    expect((await rule("leak"))?.version).toBe(2);
    writeFileSync(file, readFileSync(file, "utf8").replace("19:00", "20:00"));
    const third = await until(async () => (await versions()).find(({ version }) => version === 3));
    expect(third).toMatchObject({ by: "file", changes: { changed: ["evening"] } });
    await call(gateway, "PUT", "/api/v1/rules/evening/enabled", { body: { enabled: false }, ...admin });
    await call(gateway, "DELETE", "/api/v1/rules/leak", admin);
    expect(await versions()).toMatchObject([
      { version: 5, changes: { removed: ["leak"] } },
      { version: 4, changes: { disabled: ["evening"] } },
      { version: 3 },
      { version: 2 },
      { version: 1 },
    ]);
    expect((await versions("rules/leak/versions")).map(({ version }) => version)).toEqual([5, 2, 1]);
    expect((await versions("rule-versions?before=3&limit=1")).map(({ version }) => version)).toEqual([2]);

    const diff = await call(gateway, "GET", "/api/v1/rule-versions/2/diff?rule=leak", admin);
    expect((diff.body as RuleDiffView).diff).toBe(
      [
        "--- leak (version 1)",
        "+++ leak (version 2)",
        "@@ -2,4 +2,4 @@",
        " triggers:",
        '   - { time: "07:00" }',
        " actions:",
        "-  - { notify: Water!, level: alarm }",
        "+  - { notify: Water everywhere!, level: alarm }",
        "",
      ].join("\n"),
    );
    const whole = await call(gateway, "GET", "/api/v1/rule-versions/5/diff?before=1", admin);
    expect((whole.body as RuleDiffView).diff).toMatch(/^-- id: leak {3}# never switch this off$/m);
    expect(await call(gateway, "GET", "/api/v1/rule-versions/1?rule=leak", admin)).toMatchObject({
      status: 200,
      body: { version: { version: 1 }, text: LEAK.slice(2).replace(/^ {2}/gm, "") },
    });

    const back = await call(gateway, "POST", "/api/v1/rules/leak/rollback", {
      body: { version: 1 },
      ...admin,
    });
    expect(back).toMatchObject({ status: 200, body: { id: "leak", file: "rules.yaml" } });
    expect((await versions())[0]).toMatchObject({
      version: 6,
      by: "minh",
      note: "rolled back to 1",
      changes: { added: ["leak"] },
    });
    expect(readFileSync(file, "utf8")).toContain("- id: leak   # never switch this off\n");
    await call(gateway, "POST", "/api/v1/rules/evening/rollback", { body: { version: 1 }, ...admin });
    expect((await versions())[0]).toMatchObject({ changes: { changed: ["evening"], enabled: ["evening"] } });
    for (const [id, version, status] of [
      ["leak", 5, 404],
      ["leak", 99, 404],
      ["nobody", 1, 404],
      ["leak", 0, 400],
    ] as const) {
      const refused = await call(gateway, "POST", `/api/v1/rules/${id}/rollback`, {
        body: { version },
        ...admin,
      });
      expect(refused.status, `${id} ${version}`).toBe(status);
    }
    const stale = { body: { version: 1, revision: "old" }, ...admin };
    expect((await call(gateway, "POST", "/api/v1/rule-files/rules.yaml/rollback", stale)).status).toBe(409);
    const file1 = { body: { version: 1 }, ...admin };
    expect((await call(gateway, "POST", "/api/v1/rule-files/rules.yaml/rollback", file1)).status).toBe(200);
    expect(readFileSync(file, "utf8")).toBe(FILE);
    expect(gateway.process.stderr).toMatch(
      /"action":"rule-edited","subject":"rules.yaml","by":"minh","detail":"rolled back to 1/,
    );
  });

  test("kill -9 right behind the answer, and between the write and the record: version and author are there", async () => {
    using folder = temporaryFolder("versions");
    const { config, data, rulesDir } = house(folder.path, { rules: FILE });
    const file = join(rulesDir, "rules.yaml");
    let gateway = await startGateway(config);
    const admin = await setUp(gateway);
    try {
      for (let round = 0; round < 3; round++) {
        const enabled = round % 2 === 1;
        const { status } = await call(gateway, "PUT", "/api/v1/rules/evening/enabled", {
          body: { enabled },
          ...admin,
        });
        expect(status).toBe(204);
        await gateway.process.end("SIGKILL");
        gateway = await startGateway(config);
        const parts = await room(gateway, admin);
        expect((await parts.versions())[0]).toMatchObject({
          version: 2 + round,
          by: "minh",
          changes: enabled ? { enabled: ["evening"] } : { disabled: ["evening"] },
        });
      }
      await gateway.process.end("SIGKILL");

      // The gateway dies as soon as the file is in its place: nothing is recorded then but what was announced before.
      const kill = join(folder.path, "kill.mjs");
      writeFileSync(
        kill,
        `import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
const { rename } = fs;
fs.rename = async (from, to) => {
  await rename(from, to);
  if (to.endsWith("rules.yaml")) process.kill(process.pid, "SIGKILL");
};
syncBuiltinESMExports();
`,
      );
      gateway = await startGateway(config, { NODE_OPTIONS: `--import ${kill}` });
      const cut = call(gateway, "DELETE", "/api/v1/rules/evening", admin);
      await expect(cut).rejects.toThrow();
      await gateway.process.exited;
      expect(readFileSync(file, "utf8")).not.toContain("evening");
      gateway = await startGateway(config);
      const parts = await room(gateway, admin);
      expect((await parts.versions())[0]).toMatchObject({ by: "minh", changes: { removed: ["evening"] } });
      const versions = await tram(["rules", "versions", "evening"], { TRAM_DATA: data });
      expect(versions.stdout).toMatch(/^5\* +\S.*minh +rules\.yaml +removed evening$/m);
    } finally {
      await gateway.process[Symbol.asyncDispose]();
    }
  });

  test("while a rule is broken its last good version runs, through a restart, and can be switched off", async () => {
    using folder = temporaryFolder("versions");
    const { config, rulesDir } = house(folder.path, { rules: FILE });
    const file = join(rulesDir, "rules.yaml");
    let gateway = await startGateway(config);
    const admin = await setUp(gateway);
    try {
      let parts = await room(gateway, admin);
      const goesOn = async (): Promise<RuleView> =>
        parts.until(async () => {
          const rule = await parts.rule("leak");
          return rule?.lastGood === undefined ? undefined : rule;
        });
      writeFileSync(file, FILE.replace("notify: Water!", "notfiy: Water!"));
      const kept = { status: "active", editable: true, lastGood: { version: 1 } };
      expect(await goesOn()).toMatchObject({ ...kept, problems: [{ path: "[0].actions[0]" }] });
      expect((await parts.versions())[0]).toMatchObject({ version: 2, unsound: ["leak"] });
      // Not a list at all: everything goes on.
      appendFileSync(file, "  oops: [\n");
      await parts.until(async () => (await parts.versions()).find(({ broken }) => broken !== undefined));
      expect(await goesOn()).toMatchObject({ status: "active", editable: false, lastGood: { version: 1 } });
      expect(await parts.rule("evening")).toMatchObject({ status: "active", lastGood: { version: 2 } });
      const shut = await call(gateway, "PUT", "/api/v1/rules/leak/enabled", {
        body: { enabled: false },
        ...admin,
      });
      expect(shut).toMatchObject({ status: 409, body: { code: "broken-file" } });

      await gateway.process.end("SIGKILL");
      gateway = await startGateway(config);
      parts = await room(gateway, admin);
      expect(await parts.rule("leak")).toMatchObject({
        status: "active",
        editable: false,
        lastGood: { version: 1 },
      });
      expect(await parts.rule("evening")).toMatchObject({ status: "active", lastGood: { version: 2 } });

      // Broken while the gateway is not there to see it.
      await gateway.process.end("SIGKILL");
      writeFileSync(file, FILE.replace("07:00", "7 o'clock"));
      gateway = await startGateway(config);
      parts = await room(gateway, admin);
      expect(await parts.rule("leak")).toMatchObject(kept);
      const off = await call(gateway, "PUT", "/api/v1/rules/leak/enabled", {
        body: { enabled: false },
        ...admin,
      });
      expect(off.status).toBe(204);
      expect(await parts.rule("leak")).toMatchObject({ ...kept, status: "disabled" });
      const back = { body: { version: 1 }, ...admin };
      expect((await call(gateway, "POST", "/api/v1/rules/leak/rollback", back)).status).toBe(200);
      const mended = await parts.rule("leak");
      expect(mended).toMatchObject({ status: "active", problems: [] });
      expect(mended?.lastGood).toBeUndefined();
    } finally {
      await gateway.process[Symbol.asyncDispose]();
    }
  });

  test("edits by people and by an editor at the same time: nobody overwrites another, and each is a version", async () => {
    using folder = temporaryFolder("versions");
    const { config, rulesDir } = house(folder.path, { rules: FILE });
    const file = join(rulesDir, "rules.yaml");
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const { admin, until, versions } = await room(gateway, await setUp(gateway));
    const noon = (id: string): string =>
      `id: ${id}\ntriggers: [{ time: "12:00" }]\nactions: [{ notify: x }]\n`;
    let hand = 0;
    const byHand = (): void => {
      const draft = join(folder.path, "draft");
      writeFileSync(draft, `${readFileSync(file, "utf8")}# by hand ${++hand}\n`);
      renameSync(draft, file);
    };
    const ids = Array.from({ length: 12 }, (_, index) => `noon-${index}`);
    const replies = await Promise.all(
      ids.map(async (id, index) => {
        if (index % 4 === 1) byHand();
        const reply = call(gateway, "POST", "/api/v1/rules", { body: { text: noon(id) }, ...admin });
        if (index % 4 === 3) byHand();
        return (await reply).status;
      }),
    );
    expect(replies.filter((status) => status !== 201 && status !== 409)).toEqual([]);
    const added = ids.filter((_id, index) => replies[index] === 201);
    expect(added.length).toBeGreaterThan(0);
    const text = readFileSync(file, "utf8");
    await until(async () => {
      const [latest] = await versions();
      const { body } = await call(gateway, "GET", `/api/v1/rule-versions/${latest?.version}`, admin);
      return (body as { text: string }).text === text ? true : undefined;
    });
    const all = await versions();
    // The hand in this test reads and writes as an editor does, and may write over what came in between.
    const byHandGone = all.filter(({ by }) => by === "file").flatMap(({ changes }) => changes.removed ?? []);
    for (const id of added) {
      if (!byHandGone.includes(id)) expect(text).toContain(`id: ${id}\n`);
      expect(all.filter(({ by, changes }) => by !== "file" && changes.added?.includes(id))).toMatchObject([
        { by: "minh", changes: { added: [id] } },
      ]);
    }
    const file404 = await call(gateway, "POST", "/api/v1/rule-files/none.yaml/rollback", {
      body: { version: 1 },
      ...admin,
    });
    expect(file404.status).toBe(404);
  });

  test("a folder that goes and comes back, and a file that is replaced, lose no rule; a removed file ends its own", async () => {
    using folder = temporaryFolder("versions");
    const { config, rulesDir } = house(folder.path, { rules: FILE });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const { rule, until, versions } = await room(gateway, await setUp(gateway));
    writeFileSync(
      join(rulesDir, "second.yaml"),
      `- id: second\n  triggers: [{ time: "08:00" }]\n  actions: [{ notify: x }]\n`,
    );
    await until(() => rule("second"));
    renameSync(rulesDir, `${rulesDir}.away`);
    const gone = await until(async () => {
      const found = await rule("leak");
      return found?.lastGood === undefined ? undefined : found;
    });
    expect(gone).toMatchObject({
      status: "active",
      problems: [{ problem: expect.stringContaining("ENOENT") }],
    });
    // Another folder of the name, which no watcher knows of.
    mkdirSync(rulesDir);
    writeFileSync(join(rulesDir, "rules.yaml"), FILE.replace("07:00", "07:30"));
    await until(async () => ((await versions())[0]?.changes.changed?.includes("leak") ? true : undefined));
    expect((await rule("leak"))?.lastGood).toBeUndefined();
    // `second.yaml` is not in the new folder.
    await until(async () => ((await rule("second")) === undefined ? true : undefined));
    expect(await versions("rule-versions?file=second.yaml")).toMatchObject([
      { gone: true, changes: { removed: ["second"] } },
      { changes: { added: ["second"] } },
    ]);
    rmSync(join(rulesDir, "rules.yaml"));
    writeFileSync(join(rulesDir, "rules.yaml"), FILE);
    await until(async () => ((await versions())[0]?.changes.changed?.includes("leak") ? true : undefined));
    expect((await versions("rules/leak/versions")).map(({ changes }) => Object.keys(changes))).toEqual([
      ["changed"],
      ["changed"],
      ["added"],
    ]);
  }, 90_000);
});
