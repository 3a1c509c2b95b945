import type { MqttMessage } from "@tram/core";
import { expect, test } from "vitest";
import { Echoes } from "./echoes.ts";

const message = (topic: string, payload: string): MqttMessage => ({
  topic,
  payload: Buffer.from(payload),
  qos: 1,
  retain: false,
});

test("each message that went out is expected back once, for a minute", () => {
  const echoes = new Echoes();
  echoes.sent(message("a", "1"), 0);
  echoes.sent(message("a", "1"), 10);
  echoes.sent(message("a", "2"), 20);
  expect(echoes.isEcho(message("a", "3"), 30)).toBe(false);
  expect(echoes.isEcho(message("b", "1"), 30)).toBe(false);
  expect([1, 2, 3].map(() => echoes.isEcho(message("a", "1"), 30))).toEqual([true, true, false]);
  expect(echoes.isEcho(message("a", "2"), 60_020)).toBe(false);
  expect(echoes.isEcho(message("a", "2"), 60_020)).toBe(false);
});

test("what never comes back fills no memory", () => {
  const echoes = new Echoes();
  for (let count = 0; count < 10_001; count++) echoes.sent(message("a", String(count)), 0);
  expect(echoes.isEcho(message("a", "0"), 1)).toBe(false);
  expect(echoes.isEcho(message("a", "1"), 1)).toBe(true);
  expect(echoes.isEcho(message("a", "10000"), 1)).toBe(true);
});
