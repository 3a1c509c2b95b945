import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { describeHouse, RULES, report } from "./disk-house.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

const PUMP = `- id: dry
  triggers: [{ numeric: { property: well/level/percent, below: 5 }, for: 1m }]
  actions: [{ set: pump/relay/on, value: false }]
- id: morning
  triggers: [{ time: "07:30" }]
  actions: [{ set: pump/relay/on, value: true }]
`;
const PUMP_TEST = `things:
  pump: { properties: { relay/on: boolean } }
  well: { properties: { level/percent: { type: number, minimum: 0, maximum: 100 } } }
tests:
  - test: the pump stops when the well is dry
    given: { pump/on: true }
    when:
      - at: 10s
        report: { well/percent: 4 }
    then:
      - command: { pump/on: false }
        within: 1m
`;

/** A folder of rules, and a way to call the built program in the environment of nobody's gateway. */
function folderOf(files: Readonly<Record<string, string>>) {
  const folder = temporaryFolder("rehearsal");
  const at = (name: string): string => join(folder.path, name);
  for (const [name, text] of Object.entries(files)) writeFileSync(at(name), text);
  const rules = (...args: string[]) => tram(["rules", ...args], { TRAM_DATA: at("nobody") });
  return { at, rules, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

describe("rules without a gateway", () => {
  test("test: what holds passes, what does not is told with its line, and JUnit has it", async () => {
    using folder = folderOf({ "pump.yaml": PUMP, "pump.test.yaml": PUMP_TEST });
    const passed = await folder.rules("test", folder.at("."));
    expect(passed).toMatchObject({ code: 0, stderr: "" });
    expect(passed.stdout).toMatch(
      /passed {3}.*pump\.test\.yaml:5: the pump stops when the well is dry\n1 passed\n$/,
    );

    writeFileSync(folder.at("pump.test.yaml"), PUMP_TEST.replace("within: 1m", "within: 30s"));
    const failed = await folder.rules("test", folder.at("pump.test.yaml"), "--junit", folder.at("junit.xml"));
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(
      /pump\.test\.yaml:11: expected the command pump\/on = false within 30 s of 0:00:10\n/,
    );
    expect(failed.stdout).toMatch(/found nothing of the kind; it comes at 0:01:10\n/);
    expect(failed.stdout).toMatch(/0:00:10 {2}dry: triggers\[0\] waiting, saw 4: for 1 min\n/);
    expect(readFileSync(folder.at("junit.xml"), "utf8")).toMatch(
      /<testsuites tests="1" failures="1" errors="0" skipped="0".*<failure message="expected the command pump\/on = false/s,
    );
    const json = JSON.parse((await folder.rules("test", folder.at("."), "--json")).stdout);
    expect(json).toMatchObject({ passed: 0, failed: 1, files: [{ tests: [{ failures: [{ line: 11 }] }] }] });
  });

  test("test: files that are no tests, and hostile ones, end with a sentence", async () => {
    using folder = folderOf({
      "huge.test.yaml": `- test: ${"x".repeat(10 * 1_048_576)}`,
      "bomb.test.yaml": `- &a [x, x, x, x, x, x, x, x, x]\n${"- [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n".repeat(400)}`,
      "typo.test.yaml": "- test: one\n  whne: []\n",
      "rules.yaml": PUMP,
    });
    expect(await folder.rules("test", folder.at("huge.test.yaml"))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/huge\.test\.yaml: found 10485\d+ bytes, expected at most 1048576\n$/),
    });
    for (const [file, words] of [
      ["bomb.test.yaml", /broken {3}.*bomb\.test\.yaml: .*alias/i],
      ["typo.test.yaml", /broken {3}.*typo\.test\.yaml:2: \[0\]\.whne: unknown key/],
    ] as const) {
      const { code, stdout } = await folder.rules("test", folder.at(file));
      expect(code).toBe(1);
      expect(stdout).toMatch(words);
    }
    mkdirSync(folder.at("empty"));
    expect(await folder.rules("test", folder.at("empty"))).toMatchObject({ code: 1 });
    expect(await folder.rules("test", "--colour")).toMatchObject({ code: 2 });
  });

  test("check: what rules say in vain, with file and line; Things from a file", async () => {
    using folder = folderOf({
      "pump.yaml": PUMP,
      "vain.yaml":
        "- id: vain\n  triggers: [{ id: a, numeric: { property: well/percent, below: -5 } }]\n  conditions:\n    - trigger: b\n  actions:\n    - stop: now\n    - notify: never\n",
      "things.json": JSON.stringify([
        {
          id: "well",
          title: "Well",
          properties: { "level/percent": { type: "number", unit: "%", minimum: 0 } },
        },
      ]),
    });
    expect(await folder.rules("check", folder.at("pump.yaml"))).toMatchObject({
      code: 0,
      stdout: "2 rules are sound\n",
    });
    const vain = await folder.rules("check", folder.at("vain.yaml"), "--things", folder.at("things.json"));
    expect(vain.code).toBe(1);
    expect(vain.stdout).toMatch(/vain\.yaml:2: .*can never be below -5 %: well\/percent is at least 0 %/);
    expect(vain.stdout).toMatch(/vain\.yaml:4: .*no trigger of the rule has the id "b"/);
    expect(vain.stdout).toMatch(/vain\.yaml:7: .*is never reached/);
    // An unknown Thing may come: that is a warning.
    const unknown = ["check", folder.at("pump.yaml"), "--things", folder.at("things.json")];
    expect(await folder.rules(...unknown)).toMatchObject({ code: 0 });
    expect(await folder.rules(...unknown, "--strict")).toMatchObject({ code: 1 });
  });

  test("simulate: a week of schedules", async () => {
    using folder = folderOf({ "pump.yaml": PUMP });
    const week = await folder.rules(
      ...[
        "simulate",
        folder.at("pump.yaml"),
        "--days",
        "7",
        "--from",
        "2026-03-01T00:00:00Z",
        "--timezone",
        "UTC",
      ],
    );
    expect(week.code).toBe(0);
    expect(week.stdout).toContain("2026-03-01 sun 07:30:00  morning  fired  → pump/relay/on = true\n");
    expect(week.stdout).toContain("in 7 days the rules fire 7 times (UTC), if nothing else happens\n");
    expect(await folder.rules("simulate", folder.at("pump.yaml"), "--days", "0")).toMatchObject({ code: 2 });
    expect(await folder.rules("simulate")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/which rules\?/),
    });
  });
});

test("replay: what was recorded, through the rules of the gateway and through changed ones", async () => {
  using folder = temporaryFolder("replay");
  const { config, data } = house(folder.path, { rules: RULES });
  const changed = join(folder.path, "changed.yaml");
  const record = join(folder.path, "record.jsonl");
  writeFileSync(changed, RULES.replace("above: 30", "above: 40"));
  const rules = (...args: string[]) => tram(["rules", "replay", ...args], { TRAM_DATA: data });
  const gateway = await startGateway(config);
  await using first = gateway.process;
  await describeHouse(gateway.mqttPort);
  // The rules look at a new Thing a moment after it is described.
  await expect
    .poll(async () => (await tram(["rules", "check"], { TRAM_DATA: data })).stdout)
    .toMatch(/^1 rule is sound\n$/);
  await report(gateway.mqttPort, "21.5", 1);
  await report(gateway.mqttPort, "31.5", 1);
  const events = () => tram(["events", "--json", "--all", "--known"], { TRAM_DATA: data });
  await expect.poll(async () => (await events()).stdout).toMatch(/"origin":"rule:cool"/);

  const same = await rules("--from", "1h");
  expect(same.stdout, same.stderr).toMatch(/was done: 1 actions\nwould be done: 1 actions\nno difference\n$/);
  const other = await rules("--from", "1h", "--rule", changed);
  expect(other.code, other.stderr).toBe(0);
  expect(other.stdout).toMatch(/^- \S+Z {2}fan\/fan\/on = true {2}\(cool\)\n/);
  expect(other.stdout).toMatch(/current rules: 1 actions\nchanged rules: 0 actions\n1 differences\n$/);

  writeFileSync(record, (await events()).stdout);
  expect((await first.end("SIGTERM")).code).toBe(0);
  // Without a gateway, from what was written down.
  const offline = ["--events", record, "--rules", join(folder.path, "rules"), "--rule", changed, "--json"];
  expect(JSON.parse((await rules(...offline)).stdout)).toMatchObject({
    first: { actions: 1 },
    second: { actions: 0 },
    differences: [{ kind: "first", rule: "cool", text: "fan/fan/on = true" }],
  });
  writeFileSync(record, '{"time":\n', { flag: "a" });
  expect(await rules(...offline)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/line \d+ is no event/),
  });
  expect(await rules("--from", "yesterday", "--rules", changed)).toMatchObject({ code: 2 });
}, 60_000);
