import type { TopicFilter } from "@tram/broker";
import type { MqttMessage } from "@tram/core";
import { expect, test } from "vitest";
import { SeenRetained } from "./seen-retained.ts";

const message = (topic: string, payload: string, retain: boolean): MqttMessage => ({
  topic,
  payload: Buffer.from(payload),
  qos: 1,
  retain,
});

test("the latest of what is retained is remembered, until it is cleared or the broker shows it anew", () => {
  const seen = new SeenRetained();
  const known = (filter: string): string[] =>
    [...seen.matching(filter as TopicFilter)].map(
      ({ payload, retain }) => `${Buffer.from(payload)} ${retain}`,
    );
  seen.take(message("a/kept", "1", true));
  seen.take(message("a/kept", "2", false));
  seen.take(message("a/live", "1", false));
  seen.take(message("a/gone", "1", true));
  seen.take(message("a/gone", "", false));
  expect(known("a/+")).toEqual(["2 true"]);
  expect(known("b/#")).toEqual([]);
  for (let count = 0; count < 10_000; count++) seen.take(message(`b/${count}`, "x", true));
  expect(known("b/#")).toHaveLength(9_999);
  seen.clear();
  expect(known("#")).toEqual([]);
});
