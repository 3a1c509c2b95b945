import { MemoryStore } from "@tram/testkit";
import { expect, test } from "vitest";
import type { Log, LogFields } from "./ports/log.ts";
import { StoreError } from "./ports/store.ts";
import { type StoreHealth, Transactions } from "./transactions.ts";
import type { Unit } from "./unit.ts";

function house() {
  const store = new MemoryStore();
  const edges: StoreHealth[] = [];
  const lines: string[] = [];
  const line = (level: string) => (fields: LogFields, text: string) =>
    void lines.push(`${level}: ${text}${fields.where === undefined ? "" : ` (${String(fields.where)})`}`);
  const log: Log = { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
  const transactions = new Transactions(store, log, (health) => edges.push(health));
  return { store, edges, lines, transactions };
}

const FULL = new StoreError("full", "no space left");
const write = (unit: Unit): void => unit.put("t", "k", 1);
const writeNothing = (): void => undefined;
const throwUp = (): never => {
  throw new Error("a bug");
};

test("transact resolves when the unit is kept, and rejects with the reason when it is not", async () => {
  const { store, transactions } = house();
  await transactions.transact(write);
  expect(await store.entries("t")).toEqual(new Map([["k", 1]]));
  store.failWith(FULL);
  await expect(transactions.transact(write)).rejects.toBe(FULL);
});

test("the health is told at its edges alone", async () => {
  const { store, edges, lines, transactions } = house();
  await transactions.record(write);
  expect(transactions.health).toEqual({ failing: false });
  store.failWith(FULL);
  for (let again = 0; again < 3; again++) await transactions.record(write);
  expect(transactions.health).toEqual({ failing: true, code: "full", reason: "no space left" });
  store.failWith(undefined);
  for (let again = 0; again < 3; again++) await transactions.record(write);
  expect(edges).toEqual([{ failing: true, code: "full", reason: "no space left" }, { failing: false }]);
  expect(lines).toEqual(["error: the store does not keep what it is given", "info: the store keeps again"]);
});

test("a unit that writes nothing says nothing about the store", async () => {
  const { store, edges, transactions } = house();
  store.failWith(FULL);
  await transactions.record(write);
  await transactions.transact(writeNothing);
  await transactions.record(write);
  expect(edges).toEqual([{ failing: true, code: "full", reason: "no space left" }]);
});

test("the reason follows the latest failure", async () => {
  const { store, transactions } = house();
  store.failWith(FULL);
  await transactions.record(write);
  store.failWith(new StoreError("read-only", "read-only file system"));
  await transactions.record(write);
  expect(transactions.health.reason).toBe("read-only file system");
});

test("record never rejects: a store that fails shows in the health, a bug in the log, even while it fails", async () => {
  const { store, lines, transactions } = house();
  await transactions.record(throwUp);
  expect(lines).toEqual(["error: a participant of a unit threw (record)"]);
  store.failWith(FULL);
  await transactions.record(write);
  await transactions.record(throwUp);
  expect(lines.slice(1)).toEqual([
    "error: the store does not keep what it is given",
    "error: a participant of a unit threw (record)",
  ]);
});

test("work that throws is not kept, and rejects for those who wait", async () => {
  const { store, edges, transactions } = house();
  const work = (unit: Unit): void => {
    write(unit);
    throwUp();
  };
  await expect(transactions.transact(work)).rejects.toThrow("a bug");
  expect(store.commits).toEqual([]);
  expect(edges).toEqual([]);
});

test("an effect that throws is logged and does not cost the acknowledgement", async () => {
  const { lines, transactions } = house();
  await transactions.transact((unit) => unit.after(throwUp));
  expect(lines).toEqual(["error: a participant of a unit threw (effect)"]);
});
