import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RuleSourceView, RuleView } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { type Caller, call, rawCall, setUp } from "./http.ts";
import { type GatewayHandle, house, startGateway, temporaryFolder } from "./processes.ts";

const FILE = `# The rules of the house, by Lan

# The morning
- id: morning
  triggers: [{ time: "07:00" }]
  actions:
    - notify: Good morning   # everybody
- id: evening
  triggers: [{ time: "19:00" }]
  actions: [{ notify: "Good evening" }]
`;
const NOON = `id: noon
# when the sun is high
triggers:
  - { time: "12:00" }
actions:
  - { notify: Noon }
`;

interface Room {
  readonly gateway: GatewayHandle;
  readonly admin: Caller;
  readonly file: string;
  readonly rulesDir: string;
  readonly data: string;
  rules(): Promise<readonly RuleView[]>;
}

async function room(folder: string): Promise<Room & AsyncDisposable> {
  const { config, rulesDir, data } = house(folder, { rules: FILE });
  const gateway = await startGateway(config);
  const admin = await setUp(gateway);
  return {
    gateway,
    admin,
    file: join(rulesDir, "rules.yaml"),
    rulesDir,
    data,
    rules: async () =>
      ((await call(gateway, "GET", "/api/v1/rules", admin)).body as { rules: RuleView[] }).rules,
    [Symbol.asyncDispose]: () => gateway.process[Symbol.asyncDispose](),
  };
}

describe("editing rules over the API", () => {
  test("a rule is added, read, changed, switched and removed; the rest of its file stays byte for byte", async () => {
    using folder = temporaryFolder("rules-api");
    await using parts = await room(folder.path);
    const { gateway, admin, file } = parts;
    const added = await call(gateway, "POST", "/api/v1/rules", { body: { text: NOON }, ...admin });
    expect(added).toMatchObject({ status: 201, body: { id: "noon", file: "rules.yaml", text: NOON } });
    expect(added.headers.get("location")).toBe("/api/v1/rules/noon");
    expect(readFileSync(file, "utf8")).toBe(
      `${FILE}\n- id: noon\n${NOON.slice(9).replace(/^(?=.)/gm, "  ")}`,
    );
    // No waiting: what is answered is in force.
    expect((await parts.rules()).map(({ id }) => id)).toEqual(["morning", "evening", "noon"]);

    const source = (await call(gateway, "GET", "/api/v1/rules/morning/source", admin)).body as RuleSourceView;
    expect(source.text).toContain("Good morning   # everybody");
    const document = { id: "morning", title: "Wake up", ...(source.document as object) };
    const render = await call(gateway, "POST", "/api/v1/rules/render", {
      body: { text: source.text, document },
      ...admin,
    });
    const { text } = render.body as { text: string };
    expect(text).toContain("title: Wake up");
    expect(text).toContain("Good morning   # everybody");
    const body = { text, revision: source.revision };
    const saved = await call(gateway, "PUT", "/api/v1/rules/morning/source", { body, ...admin });
    expect(saved).toMatchObject({ status: 200, body: { id: "morning", document: { title: "Wake up" } } });
    // The revision that was read is not the file's any more.
    const late = await call(gateway, "PUT", "/api/v1/rules/morning/source", { body, ...admin });
    expect(late).toMatchObject({ status: 409, body: { code: "changed" } });

    const off = { body: { enabled: false }, ...admin };
    expect((await call(gateway, "PUT", "/api/v1/rules/evening/enabled", off)).status).toBe(204);
    expect((await parts.rules()).map(({ status }) => status)).toEqual(["active", "disabled", "active"]);
    await call(gateway, "PUT", "/api/v1/rules/evening/enabled", { body: { enabled: true }, ...admin });
    expect((await call(gateway, "DELETE", "/api/v1/rules/noon", admin)).status).toBe(204);
    expect((await call(gateway, "DELETE", "/api/v1/rules/noon", admin)).status).toBe(404);
    const now = readFileSync(file, "utf8");
    expect(now).toContain(
      "# The rules of the house, by Lan\n\n# The morning\n- id: morning\n  title: Wake up\n",
    );
    expect(gateway.process.stderr).toMatch(
      /"action":"rule-edited","subject":"noon","by":"minh","detail":"removed in rules\.yaml/,
    );
  });

  test("what is no sound rule is refused with its places, and changes nothing", async () => {
    using folder = temporaryFolder("rules-api");
    await using parts = await room(folder.path);
    const { gateway, admin, file } = parts;
    const broken = NOON.replace("time:", "tiem:");
    const refused = await call(gateway, "POST", "/api/v1/rules", { body: { text: broken }, ...admin });
    expect(refused).toMatchObject({
      status: 422,
      body: { code: "invalid-rule", errors: [{ path: "triggers[0]" }] },
    });
    const check = await call(gateway, "POST", "/api/v1/rules/check", { body: { text: broken }, ...admin });
    expect(check).toMatchObject({
      status: 200,
      body: { id: "noon", problems: [{ path: "triggers[0]", line: 4 }] },
    });
    const twice = await call(gateway, "POST", "/api/v1/rules", {
      body: { text: NOON.replace("noon", "evening") },
      ...admin,
    });
    expect(twice).toMatchObject({ status: 409, body: { code: "exists" } });
    const put = { body: { text: NOON.replace("noon", "morning") }, ...admin };
    expect(await call(gateway, "PUT", "/api/v1/rules/evening/source", put)).toMatchObject({ status: 422 });
    for (const name of ["..%2F..%2Ftram.yaml", ".hidden.yaml", "a.test.yaml", "rules.txt"]) {
      const there = await call(gateway, "GET", `/api/v1/rule-files/${name}`, admin);
      expect(there.status, name).toBe(404);
      const body = { text: NOON, file: decodeURIComponent(name) };
      expect((await call(gateway, "POST", "/api/v1/rules", { body, ...admin })).status, name).toBe(400);
    }
    expect(readFileSync(file, "utf8")).toBe(FILE);
  });

  test("a file that is no list of rules is mended as a whole; a rule with another's id keeps its place", async () => {
    using folder = temporaryFolder("rules-api");
    await using parts = await room(folder.path);
    const { gateway, admin, rulesDir } = parts;
    const path = join(rulesDir, "second.yaml");
    writeFileSync(path, "- id: x\n  triggers: [\n");
    const reloaded = async (find: (rule: RuleView) => boolean): Promise<RuleView> => {
      for (;;) {
        const found = (await parts.rules()).find(find);
        if (found !== undefined) return found;
        await new Promise((resolve) => setTimeout(resolve, 20)); // The watcher of a folder tells nobody outside.
      }
    };
    const broken = await reloaded(({ file }) => file === "second.yaml");
    expect(broken).toMatchObject({ status: "unavailable", editable: false });
    const read = await call(gateway, "GET", "/api/v1/rule-files/second.yaml", admin);
    const { revision } = read.body as { revision: string };
    const body = {
      text: `- id: evening\n  triggers: [{ time: "20:00" }]\n  actions: [{ notify: x }]\n`,
      revision,
    };
    expect((await call(gateway, "PUT", "/api/v1/rule-files/second.yaml", { body, ...admin })).status).toBe(
      200,
    );
    expect(await call(gateway, "PUT", "/api/v1/rule-files/second.yaml", { body, ...admin })).toMatchObject({
      status: 409,
    });
    const rules = await parts.rules();
    expect(rules.filter(({ id }) => id === "evening")).toHaveLength(1);
    expect(rules.find(({ file }) => file === "second.yaml")).toMatchObject({
      editable: false,
      status: "unavailable",
    });
  });

  test("twenty edits at once are all kept", async () => {
    using folder = temporaryFolder("rules-api");
    await using parts = await room(folder.path);
    const { gateway, admin } = parts;
    const ids = Array.from({ length: 20 }, (_, index) => `noon-${index}`);
    const replies = await Promise.all(
      ids.map((id) =>
        call(gateway, "POST", "/api/v1/rules", { body: { text: NOON.replace("noon", id) }, ...admin }),
      ),
    );
    expect(replies.map(({ status }) => status)).toEqual(ids.map(() => 201));
    await gateway.process.end("SIGKILL");
    const text = readFileSync(parts.file, "utf8");
    expect(ids.filter((id) => !text.includes(`id: ${id}\n`))).toEqual([]);
  });

  test("a folder that cannot be written says so and loses nothing; a linked file stays a link", async () => {
    using folder = temporaryFolder("rules-api");
    await using parts = await room(folder.path);
    const { gateway, admin, rulesDir, file } = parts;
    const real = join(folder.path, "elsewhere.yaml");
    writeFileSync(real, FILE);
    rmSync(file);
    symlinkSync(real, file);
    const put = { body: { text: NOON.replace("noon", "evening") }, ...admin };
    expect((await call(gateway, "PUT", "/api/v1/rules/evening/source", put)).status).toBe(200);
    expect(readFileSync(real, "utf8")).toContain("when the sun is high");
    rmSync(rulesDir, { recursive: true });
    writeFileSync(rulesDir, "not a folder");
    const refused = await call(gateway, "POST", "/api/v1/rules", { body: { text: NOON }, ...admin });
    expect(refused).toMatchObject({ status: 503, body: { code: "not-writable" } });
    rmSync(rulesDir);
    mkdirSync(rulesDir);
    expect((await call(gateway, "POST", "/api/v1/rules", { body: { text: NOON }, ...admin })).status).toBe(
      201,
    );
  });

  test("a reader looks, checks and renders, and changes nothing", async () => {
    using folder = temporaryFolder("rules-api");
    await using parts = await room(folder.path);
    const { gateway, admin, data } = parts;
    const made = await rawCall({ socketPath: join(data, "tram.sock") }, "POST", "/api/v1/tokens", {
      body: { name: "eyes", scopes: ["read", "control"] },
    });
    const headers = { authorization: `Bearer ${(made.body as { token: string }).token}` };
    expect((await call(gateway, "GET", "/api/v1/rules/evening/source", { headers })).status).toBe(200);
    expect(
      (await call(gateway, "POST", "/api/v1/rules/check", { body: { text: NOON }, headers })).status,
    ).toBe(200);
    const changes: readonly [string, string, unknown][] = [
      ["POST", "/api/v1/rules", { text: NOON }],
      ["PUT", "/api/v1/rules/evening/source", { text: NOON }],
      ["PUT", "/api/v1/rules/evening/enabled", { enabled: false }],
      ["DELETE", "/api/v1/rules/evening", undefined],
      ["GET", "/api/v1/rule-files/rules.yaml", undefined],
      ["PUT", "/api/v1/rule-files/rules.yaml", { text: "" }],
    ];
    for (const [method, path, body] of changes) {
      expect((await call(gateway, method, path, { body, headers })).status, `${method} ${path}`).toBe(403);
    }
    expect(await call(gateway, "GET", "/api/v1/rules/nobody/source", admin)).toMatchObject({ status: 404 });
  });
});
