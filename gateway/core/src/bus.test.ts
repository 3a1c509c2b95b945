import type { RuleId } from "@tram/protocol";
import { MemoryStore } from "@tram/testkit";
import { expect, test } from "vitest";
import { Bus, type EventName, type Notification } from "./bus.ts";
import { Unit } from "./unit.ts";

const NOTE: Notification = { time: 0, rule: "cool" as RuleId, level: "info", text: "hot" };

function house() {
  const faults: [unknown, EventName][] = [];
  const bus = new Bus((error, name) => faults.push([error, name]));
  const unit = new Unit(new MemoryStore(), (error) => faults.push([error, "command"]));
  return { faults, bus, unit, emit: () => bus.emit("notification", NOTE, unit) };
}

test("delivers at once, in the order of subscription, with the unit of the event", () => {
  const { bus, unit, emit } = house();
  const heard: unknown[] = [];
  bus.on("notification", (event, with_) => heard.push(["first", event, with_]));
  bus.on("notification", () => heard.push("second"));
  bus.on("command", () => heard.push("not this"));
  emit();
  expect(heard).toEqual([["first", NOTE, unit], "second"]);
  expect((heard[0] as unknown[])[2]).toBe(unit);
});

test("a listener that throws is told, and the others hear the event all the same", () => {
  const { bus, faults, emit } = house();
  const heard: string[] = [];
  bus.on("notification", () => {
    throw new Error("broken");
  });
  bus.on("notification", () => heard.push("second"));
  emit();
  emit();
  expect(heard).toEqual(["second", "second"]);
  expect(faults).toEqual(Array.from({ length: 2 }, () => [new Error("broken"), "notification"]));
});

test("a token ends its own subscription, once and for all", () => {
  const { bus, emit } = house();
  let heard = 0;
  const listener = (): void => void heard++;
  const first = bus.on("notification", listener);
  const second = bus.on("notification", listener);
  expect(bus.size).toBe(2);
  emit();
  expect(heard).toBe(2);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  emit();
  expect(heard).toBe(3);
  second[Symbol.dispose]();
  emit();
  expect([heard, bus.size]).toEqual([3, 0]);
});

test("a listener may leave, or make another leave, while an event is delivered", () => {
  const { bus, emit, faults } = house();
  const heard: string[] = [];
  const own = bus.on("notification", () => {
    heard.push("once");
    own[Symbol.dispose]();
    other[Symbol.dispose]();
  });
  const other = bus.on("notification", () => heard.push("never"));
  bus.on("notification", () => heard.push("always"));
  emit();
  emit();
  expect(heard).toEqual(["once", "always", "always"]);
  expect(faults).toEqual([]);
});

test("an event that nobody listens to is nothing", () => {
  const { emit, faults } = house();
  emit();
  expect(faults).toEqual([]);
});
