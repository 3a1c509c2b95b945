import { expect, test } from "vitest";
import { clockTrust } from "./trust.ts";

const TIMESYNC = "/run/systemd/timesync/synchronized";

test.each([
  ["trusted", [], "synced"],
  ["auto", [], "untrusted"],
  ["auto", [TIMESYNC], "synced"],
  ["auto", ["/var/run/tram/clock-synced"], "synced"],
  ["auto", ["/sys/class/rtc/rtc0"], "holdover"],
  ["auto", ["/.dockerenv"], "holdover"],
] as const)("%s with %j: %s", (setting, files, expected) => {
  const there = new Set<string>(files);
  expect(clockTrust(setting, (path) => there.has(path))()).toBe(expected);
});

test("a time source that is gone leaves the clock in holdover", () => {
  const there = new Set([TIMESYNC]);
  const trust = clockTrust("auto", (path) => there.has(path));
  expect(trust()).toBe("synced");
  there.clear();
  expect(trust()).toBe("holdover");
});
