import type { Thing } from "@tram/protocol";
import { describe, expect, it } from "vitest";
import { findChoice, firstValue, fits, propertyChoices } from "./property-choices.ts";

const things: Record<string, Thing> = {
  pump: {
    id: "pump",
    title: "Pump",
    titles: { vi: "Máy bơm" },
    properties: {
      "motor/on": { type: "boolean" },
      "motor/power": { type: "number", unit: "W", readOnly: true },
      "motor/reset": { type: "string", writeOnly: true, enum: ["soft", "hard"] },
    },
  },
  air: { id: "air", title: "Air", properties: { "air/mode": { type: "string", readOnly: true } } },
};
const references = (use: "watch" | "compare" | "write") =>
  propertyChoices(things, "en", use).map(({ reference }) => reference);

describe("the properties that a rule may use", () => {
  it("are those that can be what is wanted, by Thing", () => {
    expect(references("watch")).toEqual(["air/air/mode", "pump/motor/on", "pump/motor/power"]);
    expect(references("compare")).toEqual(["pump/motor/power"]);
    expect(references("write")).toEqual(["pump/motor/on", "pump/motor/reset"]);
  });

  it("carry titles in the language and can be found without accents", () => {
    const [choice] = propertyChoices(things, "vi", "compare");
    expect(choice).toMatchObject({ thingTitle: "Máy bơm", title: "power" });
    expect(choice?.searchText).toContain("may bom");
  });

  it("are found by their short name, and left alone when they are not known", () => {
    const choices = propertyChoices(things, "en", "watch");
    expect(findChoice(choices, "pump/on")).toMatchObject({ choice: { reference: "pump/motor/on" } });
    expect(findChoice(choices, "ghost/a/b")).toEqual({ kind: "unknown" });
    expect(findChoice(choices, "")).toEqual({ kind: "none" });
    expect(findChoice(choices, 7)).toEqual({ kind: "none" });
  });

  it("have a first value that fits", () => {
    for (const affordance of [
      { type: "boolean" },
      { type: "number", minimum: 5, maximum: 9 },
      { type: "integer", maximum: -3 },
      { type: "string", enum: ["a", "b"] },
    ] as const) {
      const shape = {
        ...affordance,
        enum: "enum" in affordance ? [...affordance.enum] : undefined,
      } as Parameters<typeof firstValue>[0];
      expect(fits(shape, firstValue(shape)), affordance.type).toBe(true);
    }
    expect(fits({ type: "boolean" }, 1)).toBe(false);
    expect(fits({ type: "string", enum: ["a"] }, "b")).toBe(false);
  });
});
