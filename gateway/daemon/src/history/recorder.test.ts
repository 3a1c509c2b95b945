import type { Reading } from "@tram/protocol";
import { VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { DEFAULT_POLICY } from "./policy.ts";
import { Recorder } from "./recorder.ts";

function room(properties = 20_000) {
  const clock = new VirtualClock({ wall: Date.UTC(2026, 0, 5) });
  const recorder = new Recorder({ clock, policyFor: () => DEFAULT_POLICY }, { entries: 250_000, properties });
  const take = (thing: string, property: string, value = 1) => {
    const now = clock.now();
    recorder.take({
      thing,
      property,
      value,
      quality: "good",
      time: now,
      receivedAt: now,
      origin: "device",
    } as unknown as Reading);
  };
  const drainAll = () => {
    for (const series of recorder.all()) recorder.drain(series, true);
  };
  return { clock, recorder, take, drainAll };
}

test("a device that gives its properties new names takes no room from the others", () => {
  const { recorder, take, drainAll } = room();
  for (let time = 0; time < 100; time++) {
    for (let name = 0; name < 512; name++) take("evil", `n${time}/p${name}`);
    drainAll();
  }
  take("honest", "air/temperature", 23);
  expect(recorder.find("honest", "air/temperature")?.run.length).toBe(1);
  expect([...recorder.all()].length).toBeLessThanOrEqual(1_025);
  expect(recorder.refused).toBe(0);
});

test("nor while nothing is written: what is new of it is refused and counted, what is known goes on", () => {
  const { recorder, take } = room();
  for (let name = 0; name < 2_000; name++) take("evil", `n/p${name}`);
  take("evil", "n/p0");
  take("honest", "air/temperature");
  expect(recorder.refused).toBe(2_000 - 1_024);
  expect(recorder.find("evil", "n/p0")?.run.length).toBe(2);
  expect(recorder.find("honest", "air/temperature")?.run.length).toBe(1);
});

test("where all are full, those of which nothing waits make room, at most once a minute", async () => {
  const { clock, drainAll, recorder, take } = room(10);
  for (let thing = 0; thing < 10; thing++) take(`t${thing}`, "a/b");
  take("late", "a/b");
  expect([...recorder.all()].length).toBe(10);
  drainAll();
  take("t0", "a/b");
  take("late", "a/b");
  expect(recorder.find("late", "a/b")).toBeUndefined();
  await clock.advance(60_000);
  take("late", "a/b");
  expect([...recorder.all()].map(({ thing }) => thing)).toEqual(["t0", "late"]);
  expect(recorder.refused).toBe(2);
});
