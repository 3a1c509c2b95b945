import { VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BACKOFF, LoginBackoff, REMEMBERED } from "./login-backoff.ts";

function fail(backoff: LoginBackoff, name: string, address: string, times: number): void {
  for (let count = 0; count < times; count++) backoff.failed(name, address);
}

test("one client waits longer and longer, up to a minute, and starts afresh once it is let in", async () => {
  const clock = new VirtualClock();
  const backoff = new LoginBackoff(clock);
  const waits: number[] = [];
  for (let count = 0; count < 12; count++) {
    backoff.failed("lamp", "a");
    waits.push(backoff.waitMs("lamp", "a"));
    await clock.advance(backoff.waitMs("lamp", "a"));
  }
  expect(waits).toEqual([0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000));
  expect(backoff.waitMs("lamp", "a")).toBe(0);
  backoff.succeeded("lamp", "a");
  fail(backoff, "lamp", "a", BACKOFF.client.free);
  expect(backoff.waitMs("lamp", "a")).toBe(0);
});

test("many names from one address cost that address half a minute at most, and nobody who was let in before", async () => {
  const clock = new VirtualClock();
  const backoff = new LoginBackoff(clock);
  backoff.succeeded("healthy", "nat");
  for (let count = 0; count < 500; count++) backoff.failed(`guess-${count}`, "nat");
  expect(backoff.waitMs("newcomer", "nat")).toBe(BACKOFF.address.longestMs);
  expect(backoff.waitMs("healthy", "nat")).toBe(0);
  expect(backoff.waitMs("newcomer", "elsewhere")).toBe(0);
  await clock.advance(BACKOFF.address.longestMs);
  expect(backoff.waitMs("newcomer", "nat")).toBe(0);
});

test("guesses at one name from many addresses hold up the next address, not the one where it lives", () => {
  const backoff = new LoginBackoff(new VirtualClock());
  backoff.succeeded("eyes", "home");
  for (let count = 0; count < 100; count++) backoff.failed("eyes", `10.0.0.${count}`);
  expect(backoff.waitMs("eyes", "10.0.1.1")).toBe(BACKOFF.name.longestMs);
  expect(backoff.waitMs("eyes", "home")).toBe(0);
  backoff.forget("eyes");
  fail(backoff, "eyes", "home", BACKOFF.client.free + 1);
  expect(backoff.waitMs("eyes", "home")).toBe(1_000);
});

test("a name that all use is not held up as a name", () => {
  const backoff = new LoginBackoff(new VirtualClock());
  for (let count = 0; count < 100; count++) backoff.failed("pair", `10.0.0.${count}`, { shared: true });
  expect(backoff.waitMs("pair", "10.0.1.1", { shared: true })).toBe(0);
});

test("no storm of names and addresses makes anybody wait longer than a minute, or memory grow", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9_000), fc.nat(9_000)), { maxLength: 200 }), (attempts) => {
      const backoff = new LoginBackoff(new VirtualClock());
      for (const [name, address] of attempts) {
        fail(backoff, `n${name}`, `a${address}`, 5);
        expect(backoff.waitMs(`n${name}`, `a${address}`)).toBeLessThanOrEqual(60_000);
      }
    }),
    { numRuns: 50 },
  );
  const backoff = new LoginBackoff(new VirtualClock());
  fail(backoff, "first", "a", BACKOFF.client.free + 1);
  for (let count = 0; count < REMEMBERED; count++) backoff.failed(`n${count}`, `b${count}`);
  expect(backoff.waitMs("first", "a")).toBe(0);
});
