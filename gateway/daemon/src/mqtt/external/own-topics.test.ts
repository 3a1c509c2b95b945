import type { Registry, ThingRecord } from "@tram/core";
import type { ThingId } from "@tram/protocol";
import { expect, test } from "vitest";
import { OwnTopics } from "./own-topics.ts";

const SOURCES: Readonly<Record<string, string>> = { lamp: "module:sim", sensor: "mqtt:external" };
const registry = {
  get: (id: ThingId) => {
    const source = SOURCES[id];
    return source === undefined ? undefined : ({ source } as ThingRecord);
  },
} as Pick<Registry, "get">;

const isOwn = (topics: OwnTopics, topic: string, payload = "x"): boolean =>
  topics.isOwn({ topic: `homie/5/${topic}`, payload: Buffer.from(payload), qos: 1, retain: true });

test("the root device and the Things of modules are the gateway's own, commands are nobody's", () => {
  const topics = new OwnTopics(registry, "house" as ThingId);
  for (const topic of [
    "house/$state",
    "house/$description",
    "lamp/$state",
    "lamp/lamp/on",
    "lamp/lamp/on/$target",
  ]) {
    expect([topic, isOwn(topics, topic)]).toEqual([topic, true]);
  }
  for (const topic of [
    "lamp/lamp/on/set",
    "sensor/$state",
    "sensor/air/temperature",
    "$broadcast/alert",
    "new/$state",
  ]) {
    expect([topic, isOwn(topics, topic)]).toEqual([topic, false]);
  }
  expect(topics.isOwn({ topic: "plain", payload: Buffer.of(), qos: 0, retain: false })).toBe(false);
});

test("children of an earlier life are known by their description", () => {
  const topics = new OwnTopics(registry, "house" as ThingId);
  expect(isOwn(topics, "old/$state")).toBe(false);
  expect(isOwn(topics, "old/$description", '{"homie":"5.0","parent":"house"}')).toBe(true);
  expect(isOwn(topics, "older/$description", '{"root":"house","parent":"old"}')).toBe(true);
  expect(isOwn(topics, "old/$state")).toBe(true);
  for (const payload of ['{"parent":"villa"}', "null", "[", "7", ""]) {
    expect([payload, isOwn(topics, "foreign/$description", payload)]).toEqual([payload, false]);
  }
});
