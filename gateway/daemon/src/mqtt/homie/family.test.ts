import type { ThingId } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { described, HomieHouse } from "./testing/homie-house.ts";

const level = { datatype: "integer", format: "0:100", settable: true };

async function family(): Promise<HomieHouse> {
  const house = new HomieHouse();
  for (const [id, relation] of [
    ["bridge", {}],
    ["relay", { root: "bridge" }],
    ["light-1", { root: "bridge", parent: "relay" }],
    ["lamp", {}],
  ] as const) {
    await house.say(`${id}/$state`, "init");
    await house.say(`${id}/$description`, described({ level }, relation));
    await house.say(`${id}/$state`, "ready");
  }
  return house;
}
const states = (house: HomieHouse): (string | undefined)[] =>
  ["bridge", "relay", "light-1", "lamp"].map((id) => house.availability(id));

describe("children of a device", () => {
  test("name their parent, and the root where that is another", async () => {
    await using house = await family();
    const relations = ["bridge", "relay", "light-1"].map((id) => {
      const thing = house.registry.thing(id as ThingId);
      return [thing?.parent, thing?.root];
    });
    expect(relations).toEqual([
      [undefined, undefined],
      ["bridge", undefined],
      ["relay", "bridge"],
    ]);
  });

  test("are lost with the root and as they said themselves when it is back", async () => {
    await using house = await family();
    await house.say("light-1/$state", "sleeping");
    await house.say("bridge/$state", "lost");
    expect(states(house)).toEqual(["lost", "lost", "lost", "ready"]);
    await house.say("relay/$state", "ready"); // What it says itself counts later.
    expect(states(house)).toEqual(["lost", "lost", "lost", "ready"]);
    await house.say("bridge/$state", "init");
    expect(states(house)).toEqual(["init", "ready", "sleeping", "ready"]);
  });

  test("are not lost with a parent that is not the root, nor asleep with a root that sleeps", async () => {
    await using house = await family();
    await house.say("relay/$state", "lost");
    await house.say("bridge/$state", "sleeping");
    expect(states(house)).toEqual(["sleeping", "lost", "ready", "ready"]);
    await house.say("bridge/$state", "disconnected");
    expect(states(house)).toEqual(["disconnected", "lost", "ready", "ready"]);
  });

  test("are unknown when their root is back that was lost before they said anything", async () => {
    await using first = await family();
    await using later = new HomieHouse(first.store);
    await later.registry.restore(first.store);
    await later.recall("bridge/$state", "lost");
    expect(states(later)).toEqual(["lost", "lost", "lost", "unknown"]);
    await later.say("bridge/$state", "ready");
    expect(states(later)).toEqual(["ready", "unknown", "unknown", "unknown"]);
  });

  test("that move to another root go by that one", async () => {
    await using house = await family();
    await house.say("bridge/$state", "lost");
    await house.say("relay/$description", described({ level }, { root: "lamp" }));
    expect(house.availability("relay")).toBe("ready");
    await house.say("bridge/$state", "");
    expect(house.availability("light-1")).toBe("ready");
  });

  test("in a ring do no harm", async () => {
    await using house = await family();
    await house.say("lamp/$description", described({ level }, { root: "relay" }));
    await house.say("relay/$description", described({ level }, { root: "lamp" }));
    await house.say("lamp/$state", "lost");
    expect(states(house)).toEqual(["ready", "lost", "ready", "lost"]);
  });
});
