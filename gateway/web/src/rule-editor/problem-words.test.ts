import type { PropertyAffordance } from "@tram/protocol";
import { describe, expect, it } from "vitest";
import "./editor-texts.ts";
import { i18nFor } from "../i18n/i18n.ts";
import type { RuleDocument } from "./document.ts";
import { inWords, warningsInWords } from "./problem-words.ts";

const en = i18nFor("en");
const vi = i18nFor("vi");
const level: PropertyAffordance = { type: "number", unit: "%", minimum: 0, maximum: 100 };
const affordanceOf = (reference: unknown) => (reference === "fan/fan/level" ? level : undefined);

function words(document: RuleDocument | undefined, path: string, i18n = en) {
  return inWords([{ path, problem: "as the gateway says it", line: 3 }], { document, affordanceOf, i18n })[0];
}

describe("what the gateway found, in the person's words", () => {
  it.each([
    [{ id: "" }, "id", "wrong.idMissing"],
    [{ id: "Quạt" }, "id", "wrong.id"],
    [{ id: "fan" }, "id", "wrong.idTaken"],
    [{ triggers: [] }, "triggers", "wrong.none.triggers"],
    [{ actions: [] }, "actions", "wrong.none.actions"],
    [{ max: 1000 }, "max", "wrong.max"],
    [{ triggers: [{ id: "X Y" }] }, "triggers[0].id", "wrong.triggerId"],
    [{ triggers: [{ state: { property: "" } }] }, "triggers[0].state.property", "wrong.property"],
    [{ actions: [{ set: "" }] }, "actions[0].set", "wrong.property"],
    [{ actions: [{ set: "a/b/c" }] }, "actions[0].value", "wrong.value"],
    [{ triggers: [{ numeric: { property: "a" } }] }, "triggers[0].numeric", "wrong.noLimit"],
    [{ triggers: [{ numeric: { above: 3, below: 2 } }] }, "triggers[0].numeric", "wrong.crossed"],
    [{ triggers: [{ numeric: { above: "x" } }] }, "triggers[0].numeric.above", "property.notNumber"],
    [{ triggers: [{ for: "xm" }] }, "triggers[0].for", "wrong.duration"],
    [{ actions: [{ delay: "9999d" }] }, "actions[0].delay", "wrong.tooLong"],
    [{ actions: [{ notify: "" }] }, "actions[0].notify", "wrong.text"],
    [{ triggers: [{ time: "25:00" }] }, "triggers[0].time", "wrong.time"],
    [{ conditions: [{ time: {} }] }, "conditions[0].time", "wrong.noWindow"],
    [
      { conditions: [{ time: { after: "07:00", before: "07:00" } }] },
      "conditions[0].time",
      "wrong.emptyWindow",
    ],
  ] as const)("%j at %s: %s", (document, path, key) => {
    expect(words(document, path)).toEqual({ path, problem: en.t(key), line: 3 });
    expect(words(document, path, vi)?.problem).toBe(vi.t(key));
  });

  it("tells the range of a number with its unit", () => {
    const document = { actions: [{ set: "fan/fan/level", value: 120 }] };
    expect(words(document, "actions[0].value")?.problem).toBe("At most 100%.");
    expect(words(document, "actions[0].value", vi)?.problem).toBe("Nhiều nhất là 100%.");
    const text = { conditions: [{ state: { property: "fan/fan/level", is: "x" } }] };
    expect(words(text, "conditions[0].state.is")?.problem).toBe(en.t("property.notNumber"));
  });

  it("leaves everything else as the gateway says it, and says that it is English", () => {
    for (const [document, path] of [
      [{ actions: [{ set: "a/b/c", value: 1 }] }, "actions[0].set"],
      [{ triggers: [{ numeric: { above: 1, abov: 2 } }] }, "triggers[0].numeric.abov"],
      [{ triggers: [{}] }, "triggers[0]"],
      [{ triggers: { time: "07:00" } }, "triggers"],
      [undefined, "id"],
    ] as const) {
      expect(words(document, path), path).toMatchObject({ problem: "as the gateway says it", lang: "en" });
    }
  });

  it("does the same for what is doubtful, also inside groups", () => {
    const document = {
      triggers: [{ state: { property: "fan/fan/level" }, for: "2s" }],
      conditions: [{ or: [{ state: { property: "ghost/a/b", is: 1 } }] }],
      actions: [{ set: "ghost/a/b", value: 1 }],
    };
    const doubt = (path: string) =>
      warningsInWords([{ path, problem: "doubtful" }], { document, affordanceOf, i18n: vi })[0];
    const unknown = vi.t("wrong.unknown", { property: "ghost/a/b" });
    expect(doubt("conditions[0].or[0].state.property")?.problem).toBe(unknown);
    expect(doubt("actions[0].set")?.problem).toBe(unknown);
    expect(doubt("triggers[0].for")?.problem).toBe(vi.t("wrong.momentary"));
    expect(doubt("triggers[0].state.property")).toMatchObject({ problem: "doubtful", lang: "en" });
  });

  it("finds the words for places inside of groups, lists and branches", () => {
    const inner = { actions: [{ choose: [{ do: [{ set: "", value: 1 }] }] }] };
    expect(words(inner, "actions[0].choose[0].do[0].set")?.problem).toBe(en.t("wrong.property"));
    const nots = { conditions: [{ not: { state: { property: "fan/fan/level", is: [120] } } }] };
    expect(words(nots, "conditions[0].not.state.is[0]", vi)?.problem).toBe("Nhiều nhất là 100%.");
  });

  it.each([
    ["missing", "wrong.missing"],
    ["found 0 items, expected at least 1", "wrong.nothing"],
    ["found neither area nor tag, expected one", "wrong.areaOrTag"],
    ["the sun needs to know where the gateway is: gateway.latitude and gateway.longitude", "wrong.place"],
    ['unknown action "x" of fan', "wrong.unknownAction"],
    ['found "8", expected a window such as "06:00-08:30"', "wrong.window"],
  ] as const)("knows what “%s” means anywhere", (problem, key) => {
    const told = inWords([{ path: "actions[0].x", problem }], { document: {}, affordanceOf, i18n: vi });
    expect(told).toEqual([{ path: "actions[0].x", problem: vi.t(key) }]);
  });

  it("leads into what the checker says of an expression", () => {
    const told = (path: string, problem: string) =>
      inWords([{ path, problem }], { document: {}, affordanceOf, i18n: vi })[0]?.problem;
    expect(told("triggers[0].expression", "unknown name x")).toBe("Biểu thức chưa đúng: unknown name x");
    expect(told("actions[0].abov", "unknown key; expected set, value")).toBe(
      "Quy tắc không có “abov” ở đây.",
    );
    expect(told("actions[0].level", 'found "x", expected info, warning or alarm')).toBe(
      "Hãy chọn một trong: info, warning, alarm.",
    );
  });
});
