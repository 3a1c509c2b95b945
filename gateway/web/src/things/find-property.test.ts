import type { Thing } from "@tram/protocol";
import { expect, it } from "vitest";
import { findProperty } from "./find-property.ts";

const things: Record<string, Thing> = {
  pump: {
    id: "pump",
    title: "Pump",
    properties: {
      "motor/on": { type: "boolean" },
      "light/on": { type: "boolean" },
      "motor/power": { type: "number" },
    },
  },
};

it("finds what a rule names, by its whole name or where its last word is enough", () => {
  expect(findProperty(things, "pump/motor/on")).toMatchObject({ key: "motor/on", thing: { id: "pump" } });
  expect(findProperty(things, "pump/power")).toMatchObject({ key: "motor/power" });
  expect(findProperty(things, "pump/on")).toBeUndefined();
  for (const wrong of ["", "pump", "pump/", "ghost/a/b", "pump/motor", "constructor/name"])
    expect(findProperty(things, wrong), wrong).toBeUndefined();
});
