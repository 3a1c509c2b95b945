import { expect, test } from "vitest";
import type { Outcome } from "./comparison.ts";
import { experiments } from "./experiment.ts";
import { markdown } from "./report.ts";
import { AEDES, AGAIN, MOSQUITTO, type Result, TRAM } from "./results.ts";
import { QUICK_SIZES } from "./sizes.ts";

function results(outcomes: Readonly<Record<string, readonly Outcome[]>>): Result[] {
  return experiments(QUICK_SIZES).map((experiment) => ({
    experiment,
    outcomes: new Map(Object.entries(outcomes)),
  }));
}

const report = {
  date: new Date("2026-01-02T03:04:05Z"),
  machine: "a machine",
  boxed: "there is none",
} as const;

test("a row has the medians, the ratio, the target and whether it is met", () => {
  const free = results({
    [TRAM]: [{ cpuUsPerDelivery: 1 }, { cpuUsPerDelivery: 2 }, { cpuUsPerDelivery: 4 }],
    [MOSQUITTO]: [{ cpuUsPerDelivery: 10 }, { cpuUsPerDelivery: 10 }, { cpuUsPerDelivery: 8 }],
    [AEDES]: ["2 messages did not arrive"],
  });
  const text = markdown({ ...report, free });
  expect(text).toContain("2026-01-02 · a machine");
  expect(text).toMatch(
    /^\| QoS 0, 100 → 1: CPU per delivery, µs +\| 2\.00 \(1\.00–4\.00\) +\| 10\.00 \(8\.00–10\.00\) +\| — +\| 0\.20 \(0\.10–0\.50\) +\| ≤ 0\.3 × mosquitto +\| ✓ +\|$/m,
  );
  expect(text).toContain("- aedes, QoS 0, 100 → 1: 2 messages did not arrive");
  expect(text).toContain("Not measured: there is none.");
});

test("of latency it tells what mosquitto differs from itself", () => {
  const free = results({
    [TRAM]: [{ p99Ms: 3 }],
    [MOSQUITTO]: [{ p99Ms: 2 }],
    [AGAIN]: [{ p99Ms: 4 }],
  });
  expect(markdown({ ...report, free })).toMatch(/one by one: p99, ms +\| 1\.50 +\| — +\| 2\.00 +\|$/m);
});
