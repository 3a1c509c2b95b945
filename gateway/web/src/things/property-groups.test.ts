import { expect, it } from "vitest";
import { thingOf } from "../live/snapshot.fixture.ts";
import { groupProperties, nameOf } from "./property-groups.ts";

it("groups by node in the order of the description", () => {
  const thing = thingOf("a", {
    nodes: { lamp: { title: "Lamp" } },
    properties: {
      "lamp/on": { type: "boolean" },
      "info/rssi": { type: "integer" },
      "lamp/level": { type: "integer" },
    },
  });
  expect(
    groupProperties(thing).map(({ title, properties }) => [title, properties.map(([key]) => key)]),
  ).toEqual([
    ["Lamp", ["lamp/on", "lamp/level"]],
    ["info", ["info/rssi"]],
  ]);
  expect(nameOf("info/rssi")).toBe("rssi");
});
