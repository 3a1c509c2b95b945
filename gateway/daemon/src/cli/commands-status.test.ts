import { PassThrough } from "node:stream";
import type { BridgeView, GatewayView, ModuleView } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { judge, print } from "./commands-status.ts";
import { Output } from "./output.ts";

const GATEWAY: GatewayView = {
  id: "house",
  name: "Test house",
  version: "1.2.3",
  startedAt: "2026-01-01T00:00:00.000Z",
  now: "2026-01-01T02:30:00.000Z",
  clock: "synced",
  timezone: "UTC",
  store: "ok",
  problems: [],
};
const MODULE: ModuleView = {
  id: "greenhouse",
  use: "sim",
  name: "sim",
  version: "0.1.0",
  state: "up",
  since: GATEWAY.startedAt,
  restarts: 0,
  isolation: "in-process",
};
const BRIDGE: BridgeView = {
  id: "up",
  provider: "mqtt",
  state: "offline",
  since: "2026-01-01T02:18:00.000Z",
  queued: 340,
  queuedByClass: { telemetry: 340 },
  oldest: "2026-01-01T02:17:00.000Z",
  sent: 5,
  dropped: 0,
  parked: 0,
  traffic: { today: 0, month: 0, undated: 0 },
  lastError: "connection refused",
};

function printed(...report: Parameters<typeof judge>): string[] {
  const out = new PassThrough();
  print(judge(...report), new Output({ json: false, out: out as never, err: out as never }));
  return String(out.read()).trimEnd().split("\n");
}

test("a gateway that is well says so in a few lines", () => {
  expect(printed(GATEWAY, [MODULE], [BRIDGE])).toEqual([
    "Test house  Tram 1.2.3, up for 2 h 30 min",
    "  clock    set by a time source",
    "  store    keeps what it is given",
    "  module   greenhouse (sim 0.1.0)  up",
    "  bridge   up (mqtt)  offline for 12 min, 340 queued, oldest 13 min ago: connection refused",
  ]);
});

test("what is wrong stands there in words, with where it is", () => {
  const problem = { code: "store", where: "/srv/tram", problem: "the disk is full" };
  const gateway = {
    ...GATEWAY,
    clock: "untrusted",
    store: "failing",
    storeCode: "full",
    problems: [problem],
  } as const;
  const failed: ModuleView = { ...MODULE, state: "failed", reason: "no such radio" };
  expect(printed({ ...gateway, problems: [problem] }, [failed], []).slice(1)).toEqual([
    "  clock    not set since power-on: times may be wrong, rules at a time of day wait",
    "  store    keeps nothing (full): nothing new is acknowledged, rules go on in memory",
    "  module   greenhouse (sim 0.1.0)  failed: no such radio",
    "  problem  /srv/tram: the disk is full",
  ]);
});

describe("health", () => {
  const cases: readonly [string, boolean, Partial<GatewayView>, Partial<ModuleView>][] = [
    ["all is well", true, {}, {}],
    ["a clock in holdover", true, { clock: "holdover" }, {}],
    ["a clock that is not set", false, { clock: "untrusted" }, {}],
    ["a failing store", false, { store: "failing" }, {}],
    ["a problem", false, { problems: [{ code: "config", where: "a", problem: "b" }] }, {}],
    ["a failed module", false, {}, { state: "failed" }],
    ["a degraded module", false, {}, { state: "degraded" }],
    ["a module that opens", true, {}, { state: "opening" }],
  ];
  test.each(cases)("%s: %s", (_name, healthy, gateway, module) => {
    const report = judge({ ...GATEWAY, ...gateway }, [{ ...MODULE, ...module }], [BRIDGE]);
    expect(report.healthy).toBe(healthy);
  });
});
