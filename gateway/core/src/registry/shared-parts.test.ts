import type { Thing } from "@tram/protocol";
import { expect, test } from "vitest";
import { SharedParts } from "./shared-parts.ts";

function lamp(id: string, unit = "%"): Thing {
  return {
    id,
    title: id,
    nodes: { light: { title: "Light" } },
    properties: { "light/level": { title: "Level", type: "number", unit } },
  } as unknown as Thing;
}

test("what two Things say in the same words is held once, and means what it meant", () => {
  const parts = new SharedParts();
  const [one, other] = [parts.share(lamp("one")), parts.share(lamp("other"))];
  expect([one, other]).toEqual([lamp("one"), lamp("other")]);
  expect(other.properties).toBe(one.properties);
  expect(other.nodes).toBe(one.nodes);
});

test("other words, or another order of them, are others' own", () => {
  const parts = new SharedParts();
  const one = parts.share(lamp("one"));
  expect(parts.share(lamp("two", "lx"))).toEqual(lamp("two", "lx"));
  const turned = lamp("three");
  const properties = { "a/b": { title: "A", type: "boolean" }, ...turned.properties };
  const first = parts.share({ ...turned, properties } as unknown as Thing);
  const last = { ...turned.properties, "a/b": { title: "A", type: "boolean" } };
  const second = parts.share({ ...turned, properties: last } as unknown as Thing);
  expect(Object.keys(first.properties)).toEqual(["a/b", "light/level"]);
  expect(Object.keys(second.properties)).toEqual(["light/level", "a/b"]);
  expect(parts.share(lamp("four")).properties).toBe(one.properties);
});

test("a stranger with a thousand kinds of devices does not fill the memory, nor push out what is in use", () => {
  const parts = new SharedParts();
  const one = parts.share(lamp("one"));
  for (let index = 0; index < 1_000; index++) {
    parts.share(lamp(`x${index}`, `u${index}`));
    parts.share(lamp("again"));
  }
  expect(parts.share(lamp("last")).properties).toBe(one.properties);
  for (let index = 0; index < 100; index++) parts.share(lamp(`y${index}`, `v${index}`));
  expect(parts.share(lamp("later")).properties).not.toBe(one.properties);
});
