import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeviceNames } from "./device-names.ts";
import { NAME_PATTERN } from "./limits.ts";

const names = (gateway = "farm", gatewayId?: string): DeviceNames =>
  new DeviceNames({
    gateway,
    gatewayType: "gw",
    thingType: "thing",
    ...(gatewayId === undefined ? {} : { gatewayId }),
  });

describe("names of devices", () => {
  it("begin with the gateway's, and lead back to the Thing", () => {
    const tested = names();
    expect(tested.of("pump")).toEqual({ type: "thing", id: "farm_pump" });
    expect(tested.of("farm")).toEqual({ type: "gw", id: "farm" });
    expect(tested.thingOf({ type: "thing", id: "farm_pump" })).toBe("pump");
    expect(tested.thingOf({ type: "gw", id: "farm" })).toBe("farm");
    expect(tested.thingOf({ type: "gw", id: "farm_pump" })).toBeUndefined();
    expect(tested.thingOf({ type: "thing", id: "farm_lamp" })).toBeUndefined();
    expect([tested.isCut("pump"), tested.isCut("farm")]).toEqual([false, false]);
  });

  it("that do not fit are cut, the same each time, and differ", () => {
    const id = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/);
    const pattern = new RegExp(NAME_PATTERN);
    fc.assert(
      fc.property(id, fc.uniqueArray(id, { minLength: 2, maxLength: 10 }), (gateway, things) => {
        const tested = names(gateway);
        const others = things.filter((thing) => thing !== gateway);
        const ids = others.map((thing) => tested.of(thing).id);
        expect(new Set(ids).size).toBe(others.length);
        for (const [index, thing] of others.entries()) {
          expect(ids[index]).toMatch(pattern);
          expect(names(gateway).of(thing).id).toBe(ids[index]);
          expect(tested.thingOf(tested.of(thing))).toBe(thing);
          expect(tested.isCut(thing)).toBe(`${tested.gateway.id}_${thing}` !== ids[index]);
        }
        expect(tested.gateway.id).toMatch(pattern);
      }),
    );
  });

  it("of two gateways differ also where both are cut", () => {
    const thing = "a-very-long-name-of-a-pump-in-the-south";
    expect(names("farm", `${"g".repeat(34)}-1`).of(thing).id).not.toBe(
      names("farm", `${"g".repeat(34)}-2`).of(thing).id,
    );
  });
});
