import type { PropertyKey, ThingId } from "@tram/protocol";
import { expect, test, vi } from "vitest";
import { config, MAC } from "../tasmota/fixtures/messages.ts";
import { MappingHouse } from "../topic-mapping/testing/mapping-house.ts";
import type { Decoded, ForeignDevice } from "./foreign-device.ts";
import { DialectHouse } from "./testing/dialect-house.ts";

const VALUE = "a/value" as PropertyKey;

function device(id: string, decode: (payload: string) => Decoded): ForeignDevice {
  const reads = [
    { topic: "shared", decode },
    { topic: `${id}/own`, decode },
  ];
  return {
    id: id as ThingId,
    title: id,
    owner: id,
    nodes: { a: { title: "A" } },
    properties: new Map([[VALUE, { affordance: { type: "string" }, reads }]]),
    availability: [{ topic: `${id}/there`, decode: (payload) => decode(payload).ok }],
    availabilityMode: "latest",
    problems: [],
  };
}

const plain = (value: string): Decoded => ({ ok: true, value });
const poisoned = (value: string): Decoded => {
  if (value.startsWith("[[")) throw new RangeError("Maximum call stack size exceeded");
  return plain(value);
};

test("a payload on which one device's reader throws reaches the others, and what they said is kept", async () => {
  const house = new DialectHouse();
  for (const id of ["before", "evil", "after"]) await house.add(device(id, id === "evil" ? poisoned : plain));
  for (let count = 0; count < 1_000; count++) await house.hear("shared", `[[${count}`);
  expect(house.value("before", VALUE)).toBe("[[999 good");
  expect(house.value("after", VALUE)).toBe("[[999 good");
  expect(house.problem("evil")).toBe("shared: a message could not be read");
  expect(house.problem("after")).toBeUndefined();
  expect((await house.store.entries("shadow")).size).toBe(2);
  expect(house.lines.length).toBeGreaterThan(0);
  expect(house.lines.length).toBeLessThan(20);
  await house.hear("shared", "well");
  expect(house.value("evil", VALUE)).toBe("well good");
});

test("what is retained at one topic of a device does not hide what is at its others", async () => {
  const house = new DialectHouse();
  house.retained.set("evil/there", "[[");
  house.retained.set("evil/own", "said before");
  await house.add(device("evil", poisoned));
  expect(house.value("evil", VALUE)).toBe("said before good");
  expect(house.problem("evil")).toBe("evil/there: a message could not be read");
});

/** A house in which the Thing `evil` cannot be made. */
function without(house: DialectHouse | MappingHouse): void {
  const { registry } = house;
  const announce = registry.announce.bind(registry);
  vi.spyOn(registry, "announce").mockImplementation((thing, source, unit) => {
    if ((thing as { id: string }).id === "evil") throw new RangeError("Maximum call stack size exceeded");
    return announce(thing, source, unit);
  });
}

test("at a start, a device that cannot be made takes no other with it", async () => {
  const first = new DialectHouse();
  for (const name of ["Alder", "Evil", "Fir"]) {
    const discovery = `homeassistant/sensor/${name}/config`;
    const payload = { name, stat_t: `${name}/v`, avty_t: `${name}/there`, dev: { ids: [name], name } };
    await first.hear(discovery, payload, { retain: true });
    await first.hear(`${name}/there`, "online", { retain: true });
  }
  const later = new DialectHouse(first.store);
  for (const [topic, payload] of first.retained) later.retained.set(topic, payload);
  without(later);
  await later.start();
  expect(["alder", "evil", "fir"].map((id) => later.availability(id))).toEqual(["ready", "unknown", "ready"]);
  await later.hear("Fir/v", "7", { as: "plug" });
  expect(later.value("fir", "fir/value")).toBe("7 good");
});

test("at a start, the same holds for devices of other dialects", async () => {
  const first = new DialectHouse();
  for (const [index, dn] of ["Alder", "Evil", "Fir"].entries()) {
    const mac = MAC.slice(0, -1) + index;
    await first.hear(`tasmota/discovery/${mac}/config`, config({ dn, mac, t: dn }));
  }
  const later = new DialectHouse(first.store);
  without(later);
  await later.start();
  for (const dn of ["Alder", "Fir"]) await later.hear(`stat/${dn}/POWER`, "ON");
  expect(["alder", "fir"].map((id) => later.value(id, "switch/on"))).toEqual(["true good", "true good"]);
});

test("at a start, the same holds for mappings, and the one that failed keeps its Thing", async () => {
  const mapping = (id: string): unknown => ({
    id,
    title: id,
    properties: { "air/temperature": { read: { topic: `${id}/t` } } },
  });
  const first = await new MappingHouse().restored();
  for (const id of ["alder", "evil", "fir"]) expect(await first.put(mapping(id))).toMatchObject({ ok: true });
  const later = new MappingHouse({ store: first.store });
  without(later);
  await later.restored();
  for (const id of ["alder", "fir"]) await later.hear(`${id}/t`, "21");
  expect(later.things.toSorted()).toEqual(["alder", "evil", "fir"]);
  expect([later.value("alder"), later.value("fir")]).toEqual(["21 good", "21 good"]);
});

test("a problem that quotes a device is cut on its Thing", async () => {
  const house = new DialectHouse();
  await house.add({ ...device("wordy", plain), problems: ["p".repeat(100_000)] });
  expect(house.problem("wordy")).toHaveLength(256);
});
