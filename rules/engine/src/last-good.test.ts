import type { RuleTrigger } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { compile } from "./compile.ts";
import { lastGoodIn, lastGoodOf, type PastText } from "./last-good.ts";

const rule = (id: string, time: string): string =>
  `- id: ${id}\n  triggers: [{ time: "${time}" }]\n  actions: [{ notify: x }]\n`;
const HOUSE = { house: { thing: () => undefined }, timezone: "UTC" } as const;
const GOOD = rule("leak", "07:00") + rule("lamp", "19:00");
const OPTIONS = { ...HOUSE, lastGood: lastGoodOf(compile([{ file: "a.yaml", text: GOOD }], HOUSE)) };

/** What runs, with its time, and `!` where the text of today is broken. */
function running(...sources: { file: string; text: string; unreadable?: string }[]): Record<string, string> {
  const { rules } = compile(sources, OPTIONS);
  return Object.fromEntries(
    [...rules.values()].map(
      ({
        broken,
        document: {
          rule: { triggers },
        },
        enabled,
        id,
      }) => [id, `${timeOf(triggers[0])}${broken === undefined ? "" : "!"}${enabled ? "" : " off"}`],
    ),
  );
}

function timeOf(trigger: RuleTrigger | undefined): string {
  return trigger !== undefined && "time" in trigger ? String(trigger.time) : "";
}

describe("a broken rule", () => {
  test.each<[string, string, object]>([
    ["goes on as it was", GOOD.replace("07:00", "7 o'clock"), { leak: "07:00!", lamp: "19:00" }],
    ["goes on where its file is no list", `${GOOD}  oops: [`, { leak: "07:00!", lamp: "19:00!" }],
    ["goes on where the file is not YAML at all", "\u0000", { leak: "07:00!", lamp: "19:00!" }],
    [
      "goes on where its id is lost",
      GOOD.replace("id: leak", "idd: leak"),
      { lamp: "19:00", leak: "07:00!" },
    ],
    [
      "is off when it says so",
      rule("leak", "x").replace("  actions", "  enabled: false\n  actions"),
      { leak: "07:00! off" },
    ],
    ["is gone when it is removed", rule("lamp", "x"), { lamp: "19:00!" }],
    ["is gone with the whole file's content", "", {}],
    [
      "has its place taken by a sound one of its id",
      rule("leak", "08:00") + rule("leak", "x"),
      { leak: "08:00" },
    ],
  ])("%s", (_name, text, expected) => {
    expect(running({ file: "a.yaml", text })).toEqual(expected);
  });

  test("goes on while its file cannot be read, unless it moved to another", () => {
    const unreadable = { file: "a.yaml", text: "", unreadable: "EIO" };
    expect(running(unreadable)).toEqual({ leak: "07:00!", lamp: "19:00!" });
    expect(running(unreadable, { file: "b.yaml", text: rule("leak", "08:00") })).toEqual({
      leak: "08:00",
      lamp: "19:00!",
    });
    expect(compile([unreadable], HOUSE).rules.size).toBe(0);
  });

  test("keeps its version: what it waits for goes on, and the mended text takes over", () => {
    const sound = compile([{ file: "a.yaml", text: GOOD }], OPTIONS);
    const broken = compile([{ file: "a.yaml", text: `${GOOD}  oops: [` }], OPTIONS);
    const versions = ({ rules }: typeof sound) => [...rules.values()].map(({ version }) => version);
    expect(versions(broken)).toEqual(versions(sound));
    const mended = compile([{ file: "a.yaml", text: GOOD }], {
      ...HOUSE,
      previous: broken,
      lastGood: lastGoodOf(broken),
    });
    expect([...mended.rules.values()].every((one) => one.broken === undefined)).toBe(true);
  });

  test("a house in which the last good version does not work either has none", () => {
    const text = `- id: fan\n  triggers: [{ time: "07:00" }]\n  actions: [{ set: fan/fan/on, value: true }]\n`;
    const lastGood = lastGoodOf(compile([{ file: "a.yaml", text }], HOUSE));
    const fan = { id: "fan", title: "Fan", properties: {}, actions: {}, events: {} };
    const house = { thing: (id: string) => (id === "fan" ? (fan as never) : undefined) };
    const program = compile([{ file: "a.yaml", text: text.replace("07:00", "x") }], {
      ...HOUSE,
      house,
      lastGood,
    });
    expect(program.rules.size).toBe(0);
    expect(program.broken).toMatchObject([{ id: "fan" }]);
  });
});

describe("what a file said before, the newest first", () => {
  const found = (...past: (string | PastText)[]): Record<string, string> =>
    Object.fromEntries(
      [...lastGoodIn(past.map((one) => (typeof one === "string" ? { text: one, unsound: [] } : one)))].map(
        ([
          id,
          {
            rule: { triggers },
          },
        ]) => [id, JSON.stringify(triggers[0])],
      ),
    );
  const at = (time: string): string => JSON.stringify({ time });

  test.each<[string, (string | PastText)[], object]>([
    [
      "the newest that is sound counts",
      [GOOD, rule("leak", "06:00")],
      { leak: at("07:00"), lamp: at("19:00") },
    ],
    ["what cannot be read says nothing", ["- [", "\u0000", GOOD], { leak: at("07:00"), lamp: at("19:00") }],
    [
      "a broken one is looked for further back",
      [rule("leak", "x"), rule("leak", "y"), GOOD],
      { leak: at("07:00") },
    ],
    ["what was removed meanwhile stays so", [rule("leak", "x"), rule("lamp", "20:00"), GOOD], {}],
    [
      "what was removed stays so, later broken texts or not",
      ["- [", rule("lamp", "20:00"), GOOD],
      { lamp: at("20:00") },
    ],
    ["one without a name may be any", ["- idd: leak\n", GOOD], { leak: at("07:00"), lamp: at("19:00") }],
    [
      "one that did not work in the house then is no good one, whatever it looks like now",
      [{ text: rule("leak", "08:00"), unsound: ["leak"] }, rule("leak", "07:00")],
      { leak: at("07:00") },
    ],
    ["nothing", [], {}],
  ])("%s", (_name, past, expected) => {
    expect(found(...past)).toEqual(expected);
  });

  test("no more is read than needed", () => {
    function* past(): Generator<PastText> {
      yield { text: GOOD, unsound: [] };
      throw new Error("read too far");
    }
    expect(lastGoodIn(past()).size).toBe(2);
  });
});
