import type { BridgeView } from "@tram/protocol";
import { expect, test } from "vitest";
import { bridgeLines, formatBytes } from "./bridge-lines.ts";

const NOW = Date.parse("2026-01-05T08:00:00Z");

const QUIET: BridgeView = {
  id: "up",
  provider: "mqtt",
  state: "online",
  since: "2026-01-05T07:00:00.000Z",
  queued: 0,
  queuedByClass: { alarm: 0, telemetry: 0 },
  sent: 12,
  dropped: 0,
  parked: 0,
  traffic: { today: 900, month: 1_500, undated: 0 },
};

const lines = (bridge: BridgeView): Readonly<Record<string, string>> =>
  Object.fromEntries(bridgeLines(bridge, NOW));

test("a quiet bridge says little, and nothing that nobody knows", () => {
  expect(lines(QUIET)).toEqual({
    queued: "0",
    sent: "12 since the start",
    bytes: "900 B today, 1.5 kB this month",
  });
});

test("a bridge in trouble says what is wrong first", () => {
  const told = lines({
    ...QUIET,
    state: "offline",
    lastError: "a portal asks to sign in",
    nextAttempt: "2026-01-05T08:00:30.000Z",
    holding: "budget",
    queued: 1_234,
    queuedByClass: { alarm: 4, telemetry: 1_230 },
    oldest: "2026-01-05T06:00:00.000Z",
    dropped: 3,
    drops: { telemetry: { quota: 2, expired: 1 } },
    parked: 2,
    traffic: {
      today: 0,
      month: 49_000_000,
      undated: 2_000,
      forecast: 61_000_000,
      budget: { limit: 50_000_000, used: 49_002_000, level: "near" },
    },
  });
  expect(Object.keys(told)).toEqual([
    "error",
    "next",
    "waiting",
    "queued",
    "sent",
    "bytes",
    "dropped",
    "parked",
  ]);
  expect(told).toMatchObject({
    error: "a portal asks to sign in",
    next: "tries again in 30 s",
    queued: "1234 (alarm 4, telemetry 1230), oldest 2 h ago",
    bytes:
      "0 B today, 49.0 MB this month (98 % of 50.0 MB), 2.0 kB without a date, 61.0 MB expected by its end",
    dropped: "3 (telemetry: quota 2, expired 1)",
    parked: "2 (see `bridge parked up`)",
  });
});

test("a queue that drains says how fast, and when it will be empty if that is known", () => {
  const draining = { ...QUIET, queued: 600, ratePerS: 58.3 };
  expect(lines(draining).pace).toBe("58.3 messages/s");
  expect(lines({ ...draining, etaS: 11 }).pace).toBe("58.3 messages/s, empty in about 11 s");
});

test("bytes are counted in powers of ten", () => {
  expect([0, 999, 1_000, 1_499_999, 3e9].map(formatBytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "1.5 MB",
    "3.00 GB",
  ]);
});
