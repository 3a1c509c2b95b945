import type { Command, CommandId } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { KEYS_KEPT } from "./command-keys.ts";
import { MAX_WAITING } from "./commands.ts";
import { SLEEPER_TTL_MS } from "./pending.ts";
import { FAN, house, restarted, SLOW } from "./testing/fan-house.ts";

const MINUTE = 60_000;

describe("a command for a device that sleeps", () => {
  async function asleep() {
    const at = await house();
    await at.become("sleeping");
    return at;
  }

  test("waits, and goes when the device says that it is awake", async () => {
    const at = await asleep();
    const { id, state, waiting } = await at.write(5);
    expect([state, waiting]).toEqual(["accepted", true]);
    await at.clock.advance(30 * MINUTE);
    expect(at.calls).toEqual([]);
    await at.become("ready");
    expect(at.calls.map(({ command }) => command.value)).toEqual([5]);
    expect(at.calls[0]?.command.waiting).toBeUndefined();
    await at.report(5);
    expect(at.state(id)).toBe("confirmed");
  });

  test("goes with the first thing that is heard of it: it is awake for a moment", async () => {
    const at = await asleep();
    await at.write(5);
    await at.report(true, SLOW);
    expect(at.calls.map(({ command }) => command.value)).toEqual([5]);
  });

  test("is replaced by a later one for the same property", async () => {
    const at = await asleep();
    const first = await at.write(5);
    await at.write(true, SLOW);
    const second = await at.write(7);
    expect(at.state(first.id)).toBe("failed: overridden");
    await at.become("ready");
    expect(at.calls.map(({ command }) => command.value)).toEqual([true, 7]);
    expect(at.state(second.id)).toBe("sent");
  });

  test("is never shown as done: what is known of the property is what was reported", async () => {
    const at = await asleep();
    await at.report(3);
    await at.become("sleeping");
    await at.write(5);
    expect(at.registry.readings(FAN).map(({ value }) => value)).toEqual([3]);
  });

  test.each([
    ["an hour", {}, SLEEPER_TTL_MS],
    ["as long as it says", { ttlMs: MINUTE }, MINUTE],
  ])("waits for %s, then it is expired and never sent", async (_name, more, ttlMs) => {
    const at = await asleep();
    const { id } = await at.write(5, undefined, more);
    await at.clock.advance(ttlMs - 1);
    expect(at.state(id)).toBe("accepted");
    await at.clock.advance(1);
    expect(at.state(id)).toBe("expired: timeout");
    expect(at.commands.get(id)).not.toHaveProperty("waiting");
    await at.become("ready");
    expect(at.calls).toEqual([]);
    expect(await at.kept()).toEqual([]);
  });

  test("actions wait in their order, and not too many of them", async () => {
    const at = await asleep();
    for (let turn = 0; turn < MAX_WAITING; turn++) {
      expect((await at.submit({ target: { action: "move" }, value: turn })).state).toBe("accepted");
    }
    expect(await at.write(1)).toMatchObject({ state: "refused", code: "too-many" });
    await at.become("ready");
    expect(at.calls.map(({ command }) => command.value)).toEqual([...Array(MAX_WAITING).keys()]);
    expect((await at.write(1)).state).toBe("accepted");
  });

  test("waits on after a restart, also an action, until its time is over", async () => {
    const before = await asleep();
    const write = await before.write(5);
    const action = await before.submit({ target: { action: "reset" }, value: null });
    await before.clock.advance(40 * MINUTE);
    const at = await restarted(before);
    await at.commands.resume(at.store);
    await at.settle();
    expect([at.state(write.id), at.state(action.id)]).toEqual(["accepted", "accepted"]);
    expect(at.calls).toEqual([]);
    const again = await restarted(at);
    await again.commands.resume(again.store);
    await again.report(1);
    expect(again.calls.map(({ command }) => command.id)).toEqual([write.id, action.id]);
  });

  test("is expired when the gateway was off for longer than it may wait", async () => {
    const before = await asleep();
    const { id } = await before.write(5);
    before.commands.close();
    await before.clock.advance(SLEEPER_TTL_MS + 1);
    const at = await restarted(before);
    await at.commands.resume(at.store);
    await at.report(1);
    expect(at.state(id)).toBe("expired: timeout");
    expect(at.calls).toEqual([]);
  });
});

describe("a command for a device that is away", () => {
  test("goes at once and fails by itself, unless it says how long it may wait", async () => {
    const at = await house();
    await at.become("lost");
    await at.write(5);
    expect(at.calls.length).toBe(1);
    const waits = await at.write(6, undefined, { ttlMs: MINUTE });
    expect(waits.waiting).toBe(true);
    await at.become("ready");
    expect(at.calls.map(({ command }) => command.value)).toEqual([5, 6]);
  });
});

describe("the same request once more", () => {
  test("is the same command, also when it has ended and after a restart", async () => {
    const at = await house();
    const first = await at.write(5.2, undefined, { key: "a" });
    expect((await at.write(5.2, undefined, { key: "a" })).id).toBe(first.id);
    await at.report(5);
    const again = await at.write(5.2, undefined, { key: "a" });
    expect(again).toMatchObject({ id: first.id, state: "confirmed" });
    expect(at.calls.length).toBe(1);

    const later = await restarted(at);
    await later.commands.resume(later.store);
    expect(await later.write(5.2, undefined, { key: "a" })).toMatchObject({
      id: first.id,
      state: "confirmed",
    });
    expect(later.calls).toEqual([]);
  });

  test("by somebody else, or with another key, is another one", async () => {
    const at = await house();
    const first = await at.write(5, undefined, { key: "a" });
    expect((await at.write(5, undefined, { key: "a", origin: "api:bob" })).id).not.toBe(first.id);
    expect((await at.write(5, undefined, { key: "b" })).id).not.toBe(first.id);
  });

  test("with another value is refused, and the first one goes on", async () => {
    const at = await house();
    const first = await at.write(5, undefined, { key: "a" });
    expect(await at.write(6, undefined, { key: "a" })).toMatchObject({
      state: "refused",
      code: "key-reused",
    });
    expect(at.state(first.id)).toBe("sent");
  });

  test("a refused request may be made again", async () => {
    const at = await house();
    expect((await at.write(99, undefined, { key: "a" })).state).toBe("refused");
    expect((await at.write(5, undefined, { key: "a" })).state).toBe("accepted");
  });

  test("is forgotten when many others were made, in memory and on disk", async () => {
    const at = await house();
    const first: Command = await at.write(1, undefined, { key: "first" });
    for (let turn = 0; turn < KEYS_KEPT; turn++) await at.write(2, undefined, { key: `k${turn}` });
    expect((await at.store.entries("command-keys")).size).toBe(KEYS_KEPT);
    expect((await at.write(1, undefined, { key: "first" })).id).not.toBe(first.id as CommandId);
  });

  test("is not forgotten because another asks all the time", async () => {
    const at = await house();
    const first: Command = await at.write(1, undefined, { key: "first" });
    for (let turn = 0; turn < KEYS_KEPT + 10; turn++) {
      await at.write(2, undefined, { key: `k${turn}`, origin: "cloud:up" });
    }
    expect((await at.store.entries("command-keys")).size).toBe(KEYS_KEPT + 1);
    expect((await at.write(1, undefined, { key: "first" })).id).toBe(first.id);
    const again = await restarted(at);
    await again.commands.resume(again.store);
    for (let turn = 0; turn < 10; turn++) {
      await again.write(2, undefined, { key: `n${turn}`, origin: "cloud:up" });
    }
    expect((await again.store.entries("command-keys")).size).toBe(KEYS_KEPT + 1);
    expect(again.commands.known({ ...first, key: "first" })?.id).toBe(first.id);
    expect(again.commands.known({ ...first, key: "other" })).toBeUndefined();
  });
});

describe("a command that says how long it may wait", () => {
  test("is not sent again after a restart that took longer", async () => {
    const before = await house();
    const { id } = await before.write(5, undefined, { ttlMs: MINUTE });
    before.commands.close();
    await before.clock.advance(MINUTE + 1);
    const at = await restarted(before);
    await at.commands.resume(at.store);
    await at.become("ready");
    expect(at.calls).toEqual([]);
    expect(at.state(id)).toBe("expired: timeout");
  });

  test("is sent again after one that was short", async () => {
    const before = await house();
    const { id } = await before.write(5, undefined, { ttlMs: MINUTE });
    before.commands.close();
    await before.clock.advance(MINUTE / 2);
    const at = await restarted(before);
    await at.commands.resume(at.store);
    await at.become("ready");
    expect(at.calls.map(({ command }) => command.id)).toEqual([id]);
  });
});

describe("a guard", () => {
  test("refuses what would do harm, with its reason, after the value was checked and rounded", async () => {
    const at = await house();
    const asked: unknown[] = [];
    at.commands.guardWith((request) => {
      asked.push(request.value);
      return request.origin.startsWith("rule:") ? { code: "held", reason: "set by hand" } : undefined;
    });
    expect(await at.write(5.2, undefined, { origin: "rule:heat" })).toMatchObject({
      state: "refused",
      code: "held",
      reason: "set by hand",
    });
    expect((await at.write(5.2)).state).toBe("accepted");
    expect(asked).toEqual([5, 5]);
    expect((await at.write(99)).code).toBe("invalid-value");
    expect(asked.length).toBe(2);
  });
});
