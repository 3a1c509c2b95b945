import { HostError, type ReportedReading } from "@tram/module-sdk";
import type { Json, PropertyKey, Thing, ThingId } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { jsonProblem, RecordingHost } from "./recording-host.ts";

const LAMP: Thing = {
  id: "lamp",
  title: "Lamp",
  properties: { "lamp/power": { type: "number", minimum: 0, maximum: 100 } },
};

function reading(value: Json, property = "lamp/power", thing = "lamp"): ReportedReading {
  return { thing: thing as ThingId, property: property as PropertyKey, value };
}

function refusedWith(code: HostError["code"]): object {
  return expect.objectContaining({ name: "HostError", code });
}

describe("a host that records", () => {
  test("writes down what was said as it was then, on its clock", async () => {
    const host = new RecordingHost({});
    await host.announce(LAMP);
    await host.clock.advance(1_000);
    const readings = [reading(1)];
    await host.report(readings);
    readings[0] = reading(2);
    host.log.info({ lamp: "lamp" }, "on");
    host.health({ state: "degraded", reason: "dim" });
    await host.availability("lamp" as ThingId, "ready");
    expect(host.calls.map(({ call, at }) => [call, at - 100_000])).toEqual([
      ["announce", 0],
      ["report", 1_000],
      ["log", 1_000],
      ["health", 1_000],
      ["availability", 1_000],
    ]);
    expect(host.latest("lamp", "lamp/power")?.value).toBe(1);
    expect(host.healthNow).toEqual({ state: "degraded", reason: "dim" });
    expect(host.availabilities.get("lamp" as ThingId)).toBe("ready");
    expect(host.problems).toEqual([]);
  });

  test("refuses what the gateway refuses, with the same codes, and notes why", async () => {
    const host = new RecordingHost({});
    const untitled = { id: "lamp", properties: {} } as unknown as Thing;
    await expect(host.announce(untitled)).rejects.toEqual(refusedWith("invalid-thing"));
    await expect(host.announce({ ...LAMP, id: "pair" })).rejects.toEqual(refusedWith("invalid-thing"));
    await expect(host.availability("lamp" as ThingId, "ready")).rejects.toEqual(refusedWith("foreign-thing"));
    await host.announce(LAMP);
    await expect(host.report([reading(1, "lamp/colour")])).rejects.toEqual(refusedWith("invalid-thing"));
    await expect(host.report([reading(1, "lamp/power", "fan")])).rejects.toEqual(
      refusedWith("invalid-thing"),
    );
    await host.retire("lamp" as ThingId);
    await expect(host.report([reading(1)])).rejects.toEqual(refusedWith("invalid-thing"));
    expect(host.problems.map(({ kind }) => kind)).toEqual([
      "invalid-thing",
      "invalid-thing",
      "unknown-thing",
      "unknown-property",
      "unknown-thing",
      "unknown-thing",
    ]);
    expect(host.problems[0]?.problem).toBe("title: is missing");
  });

  test("takes a value that does not fit, as the gateway does, and notes it", async () => {
    const host = new RecordingHost({});
    await host.announce(LAMP);
    await host.report([reading(101)]);
    expect(host.problems).toEqual([
      { kind: "invalid-value", call: "report", problem: "lamp/lamp/power: expected at most 100, found 101" },
    ]);
  });

  test("notes what cannot cross to another process", async () => {
    const host = new RecordingHost({});
    await host.announce(LAMP);
    await expect(host.report([reading((() => 1) as unknown as Json)])).rejects.toThrow("could not be cloned");
    await host.store.put("when", new Date(0) as unknown as Json);
    expect(host.problems.map(({ kind, call }) => [kind, call])).toEqual([
      ["not-cloneable", "report"],
      ["not-json", "store-put"],
    ]);
  });

  test("refuses reports on demand and is healed", async () => {
    const host = new RecordingHost({});
    await host.announce(LAMP);
    host.failReportsWith(new HostError("flooding", "too fast"));
    await expect(host.report([reading(1)])).rejects.toEqual(refusedWith("flooding"));
    host.failReportsWith(undefined);
    await host.report([reading(2)]);
    expect(host.readings.map(({ value }) => value)).toEqual([2]);
  });

  test("refuses everything after the session's end, and lets go of calls that it holds", async () => {
    const stop = new AbortController();
    const host = new RecordingHost({}, { signal: stop.signal });
    host.hold();
    const announced = host.announce(LAMP);
    stop.abort();
    await expect(announced).rejects.toEqual(refusedWith("closed"));
    await expect(host.store.put("key", 1)).rejects.toEqual(refusedWith("closed"));
    expect(host.things.size).toBe(0);
  });

  test("keeps a store that outlives it", async () => {
    const first = new RecordingHost({});
    await first.store.put("counter", 7);
    const second = new RecordingHost({}, { store: first.stored });
    expect(await second.store.get("counter")).toBe(7);
    expect([...(await second.store.entries())]).toEqual([["counter", 7]]);
    await second.store.delete("counter");
    expect(await first.store.get("counter")).toBeUndefined();
  });
});

test.each([
  [{ a: [1, "x", null, { b: undefined }] }, undefined],
  [{ a: [1, Number.POSITIVE_INFINITY] }, "it.a[1]: Infinity is not a JSON number"],
  [{ a: new Map() }, "it.a: a Map is not JSON"],
  [{ a: 1n }, "it.a: a bigint is not JSON"],
  [new Uint8Array(2), "it: a Uint8Array is not JSON"],
])("finds what is not JSON in %o", (value, problem) => {
  expect(jsonProblem(value, "it")).toBe(problem);
});

test("finds a value that contains itself", () => {
  const loop: Record<string, unknown> = {};
  loop.inner = { loop };
  expect(jsonProblem(loop, "it")).toBe("it.inner.loop: contains itself");
});
