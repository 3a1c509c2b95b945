import { MemoryStore } from "@tram/testkit";
import { expect, test } from "vitest";
import { StoreError } from "./ports/store.ts";
import { Unit } from "./unit.ts";

const neverFaults = (error: unknown): never => {
  throw error;
};

test("keeps all its writes in one commit, in the order of the calls", async () => {
  const store = new MemoryStore();
  const unit = new Unit(store, neverFaults);
  unit.put("things", "lamp", { title: "Lamp" });
  unit.append("outbox", 7, "hot");
  unit.delete("shadow", "lamp/light/on");
  unit.remove("outbox", 6);
  expect(store.commits).toEqual([]);
  await unit.commit();
  expect(store.commits).toEqual([
    {
      durability: "crash",
      operations: [
        { op: "put", table: "things", key: "lamp", value: { title: "Lamp" } },
        { op: "append", log: "outbox", seq: 7, value: "hot" },
        { op: "delete", table: "shadow", key: "lamp/light/on" },
        { op: "remove", log: "outbox", seq: 6 },
      ],
    },
  ]);
});

test("is kept at the strongest durability that anybody asked for", async () => {
  const store = new MemoryStore();
  const unit = new Unit(store, neverFaults);
  unit.put("t", "k", 1);
  unit.require("crash");
  unit.require("power");
  unit.require("crash");
  await unit.commit();
  expect(store.commits.map(({ durability }) => durability)).toEqual(["power"]);
});

test("runs its effects after the commit, in order, also those that an effect adds", async () => {
  const store = new MemoryStore();
  const unit = new Unit(store, neverFaults);
  const seen: string[] = [];
  unit.put("t", "k", 1);
  unit.after((kept) => {
    seen.push(`first ${kept} ${store.commits.length}`);
    unit.after(() => seen.push("third"));
  });
  unit.after(() => seen.push("second"));
  expect(seen).toEqual([]);
  await unit.commit();
  expect(seen).toEqual(["first true 1", "second", "third"]);
});

test("runs its effects also when it was not kept, then rejects with the reason", async () => {
  const store = new MemoryStore();
  const full = new StoreError("full", "no space left");
  store.failWith(full);
  const unit = new Unit(store, neverFaults);
  const seen: boolean[] = [];
  unit.put("t", "k", 1);
  unit.after((kept) => seen.push(kept));
  await expect(unit.commit()).rejects.toBe(full);
  expect(seen).toEqual([false]);
});

test("an effect that throws is told, and hurts neither the others nor the acknowledgement", async () => {
  const faults: unknown[] = [];
  const seen: string[] = [];
  const unit = new Unit(new MemoryStore(), (error) => faults.push(error));
  unit.put("t", "k", 1);
  unit.after(() => {
    throw new Error("broken screen");
  });
  unit.after(() => seen.push("sent"));
  await unit.commit();
  expect(seen).toEqual(["sent"]);
  expect(faults).toEqual([new Error("broken screen")]);
});

test("without writes it asks nothing of the store, and its effects run", async () => {
  const store = new MemoryStore();
  store.failWith(new StoreError("full", "no space left"));
  const unit = new Unit(store, neverFaults);
  const seen: boolean[] = [];
  unit.after((kept) => seen.push(kept));
  expect(unit.empty).toBe(true);
  await unit.commit();
  expect(seen).toEqual([true]);
});
