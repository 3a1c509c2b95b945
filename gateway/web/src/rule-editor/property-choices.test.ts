import type { PropertyAffordance, Thing } from "@tram/protocol";
import { describe, expect, it } from "vitest";
import {
  findChoice,
  firstValue,
  fits,
  type PropertyUse,
  propertyChoices,
  searchChoices,
} from "./property-choices.ts";

const things: Record<string, Thing> = {
  pump: {
    id: "pump",
    title: "Pump",
    titles: { vi: "Máy bơm" },
    properties: {
      "motor/on": { type: "boolean" },
      "motor/power": { type: "number", unit: "W", readOnly: true },
      "motor/reset": { type: "string", writeOnly: true, enum: ["soft", "hard"] },
      "motor/pulse": { type: "integer", momentary: true, readOnly: true },
    },
  },
  air: { id: "air", title: "Air", properties: { "air/mode": { type: "string", readOnly: true } } },
};
const references = (use: PropertyUse) => propertyChoices(things, "en", use).map(({ reference }) => reference);
const find = (reference: unknown, use: PropertyUse = "watch") =>
  findChoice(things, reference, { language: "en", use });

describe("the properties that a rule may use", () => {
  it("are those that can be what is wanted, by Thing", () => {
    expect(references("watch")).toEqual([
      "air/air/mode",
      "pump/motor/on",
      "pump/motor/power",
      "pump/motor/pulse",
    ]);
    expect(references("look")).toEqual(["air/air/mode", "pump/motor/on", "pump/motor/power"]);
    expect(references("watch-number")).toEqual(["pump/motor/power", "pump/motor/pulse"]);
    expect(references("look-number")).toEqual(["pump/motor/power"]);
    expect(references("write")).toEqual(["pump/motor/on", "pump/motor/reset"]);
  });

  it("carry titles in the language and can be found without accents, by Thing", () => {
    const choices = propertyChoices(things, "vi", "watch");
    const { groups, shown, hidden } = searchChoices(choices, "may BOM", 1);
    expect(groups).toMatchObject([{ thing: "pump", title: "Máy bơm", choices: [{ title: "on" }] }]);
    expect(shown).toHaveLength(1);
    expect(hidden).toBe(2);
    expect(searchChoices(choices, "bom POW", 60).shown).toMatchObject([{ title: "power" }]);
    expect(searchChoices(choices, "", 60).groups.map(({ thing }) => thing)).toEqual(["air", "pump"]);
    expect(searchChoices(choices, "zzz", 60)).toMatchObject({ groups: [], hidden: 0 });
  });

  it("are found by their short name; what does not suit says why, what is not known is left alone", () => {
    expect(find("pump/on")).toMatchObject({ kind: "known", choice: { reference: "pump/motor/on" } });
    expect(find("pump/on")).not.toHaveProperty("unfit", expect.anything());
    expect(find("air/air/mode", "watch-number")).toMatchObject({ kind: "known", unfit: "no-number" });
    expect(find("pump/motor/power", "write")).toMatchObject({ unfit: "read-only" });
    expect(find("pump/motor/reset")).toMatchObject({ unfit: "write-only" });
    expect(find("pump/motor/pulse", "look")).toMatchObject({ unfit: "momentary" });
    expect(find("ghost/a/b")).toEqual({ kind: "unknown" });
    expect(find(7)).toEqual({ kind: "unknown" });
    expect(find("")).toEqual({ kind: "none" });
    expect(find(undefined)).toEqual({ kind: "none" });
  });

  it("have a first value that fits", () => {
    const shapes: PropertyAffordance[] = [
      { type: "boolean" },
      { type: "number", minimum: 5, maximum: 9 },
      { type: "integer", maximum: -3 },
      { type: "string", enum: ["a", "b"] },
      { type: "object" },
      { type: "array" },
    ];
    for (const shape of shapes) expect(fits(shape, firstValue(shape)), shape.type).toBe(true);
    expect(fits({ type: "boolean" }, 1)).toBe(false);
    expect(fits({ type: "string", enum: ["a"] }, "b")).toBe(false);
    expect(fits({ type: "number", minimum: 5 }, 4)).toBe(false);
    expect(fits({ type: "object" }, [])).toBe(false);
  });
});
