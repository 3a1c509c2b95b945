import { Bus, Transactions } from "@tram/core";
import type { Command, CommandId, PropertyKey, ThingId } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import { AuditLog } from "./audit-log.ts";
import { CommandAudit, RULE_SUM_MS } from "./command-audit.ts";
import { RepeatFilter } from "./repeat-filter.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

async function room() {
  const [store, clock, bus] = [new MemoryStore(), new VirtualClock(), new Bus(() => undefined)];
  const commits: number[] = [];
  const counting = Object.assign(Object.create(store) as MemoryStore, {
    commit: (...call: Parameters<MemoryStore["commit"]>) => {
      commits.push(call[0].length);
      return store.commit(...call);
    },
  });
  const transactions = new Transactions(counting, silent, () => undefined);
  const audit = new AuditLog({ clock, log: silent, transactions, store });
  await audit.restore();
  await audit.measure();
  const repeats = new RepeatFilter({ clock, audit: audit.audit });
  const thing = { id: "lock", properties: { "pad/code": { type: "string", writeOnly: true } } };
  const registry = { thing: (id: string) => (id === "lock" ? thing : undefined) } as never;
  const watch = new CommandAudit({ bus, clock, registry, audit, repeats });
  const end = (more: Partial<Command>): Promise<void> => {
    const command: Command = {
      id: "c1" as CommandId,
      thing: "pump" as ThingId,
      target: { property: "relay/on" as PropertyKey },
      value: true,
      origin: "api:minh",
      depth: 1,
      state: "confirmed",
      submittedAt: 0,
      endedAt: 1,
      ...more,
    };
    return transactions.transact((unit) => {
      unit.delete("commands", command.id);
      bus.emit("command", command, unit);
    });
  };
  const read = async () =>
    (await audit.read(100)).map(({ by, subject, detail, count }) => [by, subject, detail, count]);
  return { clock, commits, end, read, repeats, watch, transactions };
}

test("a command is entered with who, what, its value and its end, in the commit of its end", async () => {
  const { commits, end, read } = await room();
  await end({ why: "the tank is full" });
  await end({
    origin: "mqtt:panel",
    value: 21.5,
    target: { action: "boost" },
    state: "failed",
    code: "overridden",
    reason: "a later command replaced it",
  });
  await end({
    origin: "cloud:up",
    state: "refused",
    code: "read-only",
    reason: "it is read-only",
    cause: { commandId: "c0" as CommandId, depth: 1 },
  });
  expect(await read()).toEqual([
    ["cloud:up", "pump/relay/on", "true: refused (read-only: it is read-only), because of c0", undefined],
    ["mqtt:panel", "pump/boost", "21.5: failed (overridden: a later command replaced it)", undefined],
    ["api:minh", "pump/relay/on", "true: confirmed; wanted for: the tank is full", undefined],
  ]);
  expect(commits).toEqual([2, 2, 2]);
});

test("a command that has not ended is not entered, and a secret value never", async () => {
  const { end, read } = await room();
  await end({ state: "accepted", endedAt: undefined as never });
  expect(await read()).toEqual([]);
  await end({ thing: "lock" as ThingId, target: { property: "pad/code" as PropertyKey }, value: "4711" });
  await end({ value: "long".repeat(100) });
  const entries = await read();
  expect(JSON.stringify(entries)).not.toContain("4711");
  expect(entries[1]?.[2]).toBe("(hidden): confirmed");
  expect(String(entries[0]?.[2]).length).toBeLessThan(100);
});

test("a slider and a flood are a few entries and numbers", async () => {
  const { clock, commits, end, read, repeats } = await room();
  for (let count = 0; count < 500; count++) await end({ value: count % 2 === 0 });
  for (let count = 0; count < 500; count++) await end({ value: count });
  expect(commits.filter((operations) => operations > 1).length).toBeLessThanOrEqual(30);
  await clock.advance(60_000);
  repeats[Symbol.dispose]();
  expect((await read()).length).toBeLessThan(40);
  expect((await read()).some(([, , , count]) => count === 249)).toBe(true);
});

test("what a rule commands is one entry an hour, and what did not reach the device one by itself", async () => {
  const { clock, end, read, watch, transactions } = await room();
  for (let count = 0; count < 200; count++) await end({ origin: "rule:heat" });
  expect(await read()).toEqual([]);
  await end({
    origin: "rule:heat",
    state: "expired",
    code: "timeout",
    reason: "the device did not report in time",
  });
  expect(await read()).toEqual([
    ["rule:heat", "pump/relay/on", "true: expired (timeout: the device did not report in time)", undefined],
  ]);
  await clock.advance(RULE_SUM_MS);
  expect((await read())[0]).toEqual([
    "rule:heat",
    "heat",
    "200 confirmed, 1 expired; the last: pump/relay/on true: expired (timeout: the device did not report in time)",
    201,
  ]);
  await clock.advance(RULE_SUM_MS);
  expect(await read()).toHaveLength(2);
  for (let rule = 0; rule < 300; rule++) await end({ origin: `rule:r${rule}` });
  watch[Symbol.dispose]();
  await transactions.transact(() => undefined);
  const sums = (await read()).filter(([, subject]) => subject === "several");
  expect(sums).toMatchObject([["rule:several", "several", expect.any(String), 100]]);
});
