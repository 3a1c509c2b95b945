import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { house, Process, startGateway, TRAM, temporaryFolder, tram } from "./processes.ts";

const FILE = `# The rules of the house
- id: evening   # by Lan
  triggers: [{ time: "19:00" }]
  actions: [{ notify: "Good evening" }]
`;

test("rules are added, shown, edited, switched, compared, rolled back and removed from a shell", async () => {
  using folder = temporaryFolder("rules-cli");
  const { config, data, rulesDir } = house(folder.path, { rules: FILE });
  const file = join(rulesDir, "rules.yaml");
  const gateway = await startGateway(config);
  await using _process = gateway.process;
  const environment = { TRAM_DATA: data };
  const rules = (...args: string[]) => tram(["rules", ...args], environment);
  const own = join(folder.path, "own.yaml");

  writeFileSync(
    own,
    `- id: noon\n  # high sun\n  triggers: [{ time: "12:00" }]\n  actions: [{ notify: Noon }]\n- id: night\n  triggers: [{ time: "23:00" }]\n  actions: [{ notify: Night }]\n`,
  );
  expect(await rules("add", own, "--file", "more.yaml")).toMatchObject({
    code: 0,
    stdout: "noon was added to more.yaml\nnight was added to more.yaml\n",
  });
  const twice = await rules("add", own);
  expect(twice).toMatchObject({ code: 1 });
  expect(twice.stderr).toMatch(/noon.*already/s);
  expect((await rules("show", "noon")).stdout).toBe(
    `id: noon\n# high sun\ntriggers: [{ time: "12:00" }]\nactions: [{ notify: Noon }]\n`,
  );
  writeFileSync(own, `id: bad\ntriggers: [{ tiem: "12:00" }]\nactions: []\n`);
  const bad = await rules("add", own);
  expect(bad).toMatchObject({ code: 1, stdout: "" });
  expect(bad.stderr).toMatch(/bad: line 2: triggers\[0\]: /);

  // An editor that is a command with arguments, as many are.
  const editor = join(folder.path, "editor.sh");
  writeFileSync(editor, `#!/bin/sh\nsed -i "$1" "$2"\n`);
  chmodSync(editor, 0o755);
  const edit = (change: string) =>
    tram(["rules", "edit", "evening"], { ...environment, EDITOR: `${editor} '${change}'` });
  expect(await edit("s/19:00/20:00/")).toMatchObject({
    code: 0,
    stdout: "evening was changed in rules.yaml\n",
  });
  expect(readFileSync(file, "utf8")).toBe(FILE.replace("19:00", "20:00"));
  expect(await edit("s/nothing//")).toMatchObject({ code: 0, stdout: "Nothing was changed.\n" });
  const broken = await edit("s/time/tiem/");
  expect(broken.code).toBe(1);
  expect(broken.stderr).toMatch(/evening: line 2: triggers\[0\]/);
  const left = /What you wrote is in (\S+)\.$/m.exec(broken.stderr)?.[1] ?? "";
  expect(readFileSync(left, "utf8")).toContain("tiem");
  const failed = await tram(["rules", "edit", "evening"], { ...environment, VISUAL: "false" });
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining("nothing was changed") });
  writeFileSync(own, FILE.replace("Good evening", "Hello"));
  expect(await rules("put", "evening", own)).toMatchObject({ code: 0 });
  expect((await rules("disable", "evening")).stdout).toBe("evening is off\n");
  expect((await rules("enable", "evening", "--json")).stdout).toContain('"enabled": true');

  const versions = await rules("versions", "evening");
  expect(
    versions.stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/ {2,}/g, "|")),
  ).toEqual([
    expect.stringMatching(/^VERSION\|AGE\|BY\|FILE\|WHAT$/),
    expect.stringMatching(/^7\*\|.*\|local\|rules\.yaml\|enabled evening$/),
    expect.stringMatching(/^6\|.*\|local\|rules\.yaml\|disabled evening$/),
    expect.stringMatching(/^5\|.*\|local\|rules\.yaml\|changed evening$/),
    expect.stringMatching(/^4\|.*\|local\|rules\.yaml\|changed evening$/),
    expect.stringMatching(/^1\|.*\|file\|rules\.yaml\|added evening$/),
  ]);
  expect((await rules("diff", "evening")).stdout).toMatch(/^-enabled: false$/m);
  expect((await rules("diff", "evening", "1")).stdout).toMatch(
    /^-actions: .*Good evening.*\n\+actions: .*Hello/m,
  );
  expect((await rules("diff", "rules.yaml", "1", "4")).stdout).toMatch(
    /^\+ {2}triggers: \[\{ time: "20:00" \}\]$/m,
  );
  expect((await rules("diff", "evening", "1", "x")).code).toBe(2);
  expect((await rules("show", "evening", "--version", "1")).stdout).toContain("19:00");
  expect(await rules("rollback", "evening", "1")).toMatchObject({
    code: 0,
    stdout: "evening is as it was in version 1\n",
  });
  expect(readFileSync(file, "utf8")).toBe(FILE);
  expect((await rules("remove", "evening")).stdout).toBe("evening was removed\n");
  expect(readFileSync(file, "utf8")).toBe("# The rules of the house\n");
  expect((await rules("rollback", "rules.yaml", "1")).code).toBe(0);
  expect(readFileSync(file, "utf8")).toBe(FILE);
  expect((await rules("rollback", "evening", "99")).stderr).toMatch(/no version 99/);
  expect((await rules("versions", "nobody")).stderr).toMatch(/no rule nobody/);

  // What is broken on the disk is told where the rules are listed.
  writeFileSync(file, FILE.replace("time", "tiem"));
  await expect
    .poll(async () => (await rules("list")).stdout, { timeout: 10_000 })
    .toMatch(/evening +active .* runs version 10 of \S+Z; the new text is broken: \[0\]\.triggers\[0\]: /);
  expect((await rules("check")).code).toBe(1);
  expect(existsSync(left)).toBe(true);

  await using piped = new Process(process.execPath, [TRAM, "rules", "add", "-"], environment);
  piped.child.stdin?.end(`id: piped\ntriggers: [{ time: "01:00" }]\nactions: [{ notify: x }]\n`);
  expect(await piped.exited).toMatchObject({ code: 0 });
});
