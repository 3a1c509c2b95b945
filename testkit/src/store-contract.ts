import assert from "node:assert/strict";
import type { Operation, Store } from "@tram/core";
import type { Json } from "@tram/protocol";

/** A store to be tried, empty, and what the suite needs around it. */
export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and opens the same content again. */
  reopen(): Promise<Store>;
  /** Closes what is open and removes every trace. */
  cleanup(): Promise<void>;
}

/** One rule, ready to be run by any test runner. */
export interface StoreCheck {
  readonly name: string;
  /** Rejects with an `AssertionError` that says what the store did instead. */
  run(): Promise<void>;
}

type Trial = (store: Store, reopen: () => Promise<Store>) => Promise<void>;

/** What every store must do, whatever keeps its content. Each rule opens a store of its own. */
export function storeContract(open: () => Promise<StoreUnderTest>): readonly StoreCheck[] {
  return Object.entries(RULES).map(([name, trial]) => ({
    name,
    run: async () => {
      const { store, reopen, cleanup } = await open();
      try {
        await trial(store, reopen);
      } finally {
        await cleanup();
      }
    },
  }));
}

const RULES: Readonly<Record<string, Trial>> = {
  "a committed batch is read back, and again after a new start": async (store, reopen) => {
    await store.commit([put("a", 1), append(1, "one")], "crash");
    await store.commit([put("b", 2), append(2, "two")], "power");
    for await (const current of beforeAndAfter(store, reopen)) {
      assert.deepEqual(await entriesOf(current), { a: 1, b: 2 });
      assert.deepEqual(await rowsOf(current), [1, 2]);
    }
  },

  "what was never written is empty": async (store) => {
    assert.deepEqual(await entriesOf(store), {});
    assert.deepEqual(await rowsOf(store), []);
    assert.deepEqual(await store.extent(LOG), { last: 0, count: 0 });
  },

  "a batch with an invalid operation is refused whole, and its neighbours are kept": async (
    store,
    reopen,
  ) => {
    const outcomes = await Promise.allSettled([
      store.commit([put("before", 1)], "crash"),
      store.commit([put("bad", 1), append(9, "bad"), INVALID, put("worse", 1)], "crash"),
      store.commit([put("after", 1)], "power"),
    ]);
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ["fulfilled", "rejected", "fulfilled"],
    );
    for await (const current of beforeAndAfter(store, reopen)) {
      assert.deepEqual(await entriesOf(current), { after: 1, before: 1 });
      assert.deepEqual(await current.extent(LOG), { last: 0, count: 0 });
    }
  },

  "a batch touches only the table and the log that it names": async (store) => {
    await store.commit(
      [put("a", 1), { op: "put", table: "other", key: "a", value: 2 }, append(1, 1)],
      "crash",
    );
    await store.commit([{ op: "delete", table: "other", key: "a" }, append(7, 7, "other")], "crash");
    assert.deepEqual(await entriesOf(store), { a: 1 });
    assert.equal((await store.entries("other")).size, 0);
    assert.deepEqual(await store.extent(LOG), { last: 1, count: 1 });
  },

  "batches apply in the order of the calls": async (store) => {
    const commits = Array.from({ length: 60 }, (_, index) =>
      store.commit([put("last", index), index % 2 === 0 ? put("parity", index) : remove("parity")], "crash"),
    );
    await Promise.all(commits);
    assert.deepEqual(await entriesOf(store), { last: 59 });
  },

  "durability does not change the order": async (store) => {
    for (const strong of [0, 1]) {
      const commits = Array.from({ length: 20 }, (_, index) =>
        store.commit([put("last", index)], index % 2 === strong ? "power" : "crash"),
      );
      await Promise.all(commits);
      assert.deepEqual(await entriesOf(store), { last: 19 });
    }
  },

  "the last write of a batch wins": async (store) => {
    await store.commit([put("a", 1), remove("a"), put("a", 2), put("b", 1), remove("b")], "crash");
    await store.commit([append(1, "old"), { op: "remove", log: LOG, seq: 1 }, append(1, "new")], "crash");
    assert.deepEqual(await entriesOf(store), { a: 2 });
    assert.deepEqual(await store.rows(LOG, { after: 0, limit: 9 }), [{ seq: 1, value: "new" }]);
  },

  "deleting what is not there is no fault": async (store) => {
    await store.commit([remove("nothing"), { op: "remove", log: LOG, seq: 4 }], "power");
    assert.deepEqual(await store.extent(LOG), { last: 0, count: 0 });
  },

  "an empty batch is kept": async (store) => {
    await store.commit([], "crash");
    await store.commit([], "power");
  },

  "entries come in key order, whatever the keys": async (store, reopen) => {
    const keys = ["b", "a/ü", "10", "9", "Z", "", "__proto__", "a", "đèn", "a b"];
    for (const key of keys) await store.commit([put(key, key)], "crash");
    for await (const current of beforeAndAfter(store, reopen)) {
      const found = await current.entries(TABLE);
      assert.deepEqual([...found.keys()], [...keys].sort());
      assert.deepEqual([...found.values()], [...keys].sort());
    }
  },

  "rows come in order of position, page by page": async (store) => {
    const written = [5, 1, 12, 3, 100, 2];
    for (const seq of written) await store.commit([append(seq, `row ${seq}`)], "crash");
    const page = async (after: number, limit: number) =>
      (await store.rows(LOG, { after, limit })).map(({ seq }) => seq);
    assert.deepEqual(await page(0, 3), [1, 2, 3]);
    assert.deepEqual(await page(3, 2), [5, 12]);
    assert.deepEqual(await page(12, 50), [100]);
    assert.deepEqual(await page(4, 1), [5], "a position that is not there is a place to go on from");
    assert.deepEqual(await page(100, 50), []);
    assert.deepEqual(await page(0, 0), []);
    assert.deepEqual(await store.rows(LOG, { after: 5, limit: 1 }), [{ seq: 12, value: "row 12" }]);
  },

  "the extent remembers the highest position when its row is gone": async (store, reopen) => {
    await store.commit([append(1, 1), append(2, 2), append(3, 3)], "crash");
    await store.commit([{ op: "remove", log: LOG, seq: 2 }], "crash");
    assert.deepEqual(await store.extent(LOG), { last: 3, count: 2 });
    await store.commit([{ op: "remove", log: LOG, seq: 3 }], "crash");
    await store.commit([{ op: "remove", log: LOG, seq: 1 }], "crash");
    for await (const current of beforeAndAfter(store, reopen)) {
      assert.deepEqual(await current.extent(LOG), { last: 3, count: 0 });
    }
    const again = await reopen();
    await again.commit([append(2, 2)], "crash");
    assert.deepEqual(await again.extent(LOG), { last: 3, count: 1 });
    await again.commit([append(4, 4)], "crash");
    assert.deepEqual(await again.extent(LOG), { last: 4, count: 2 });
  },

  "every JSON value comes back as it was": async (store, reopen) => {
    let deep: Json = "bottom";
    for (let level = 0; level < 500; level++) deep = level % 2 === 0 ? [deep] : { deeper: deep };
    const values: Record<string, Json> = {
      array: [1, [2, []], {}, null, "x"],
      big: "ô".repeat(500_000),
      control: "\u0000\u0001\n\u2028",
      deep,
      escapes: '"\\/\b',
      false: false,
      fraction: 0.1,
      huge: Number.MAX_VALUE,
      integer: Number.MAX_SAFE_INTEGER,
      lone: "\ud800",
      negative: -1.5e-300,
      null: null,
      object: { b: 1, a: { "": [] } },
      unicode: "nhiệt độ 25 °C 🌡",
      zero: 0,
    };
    const batch = Object.entries(values).map(([key, value]) => put(key, value));
    await store.commit([...batch, append(1, values)], "crash");
    for await (const current of beforeAndAfter(store, reopen)) {
      assert.deepEqual(await entriesOf(current), values);
      assert.deepEqual((await current.rows(LOG, { after: 0, limit: 1 }))[0]?.value, values);
    }
  },

  "negative zero comes back as a zero": async (store) => {
    await store.commit([put("zero", -0)], "crash");
    assert.ok((await store.entries(TABLE)).get("zero") === 0);
  },

  "a value that changes after the call was kept as it was": async (store) => {
    const value = { list: [1] };
    const operations: Operation[] = [put("a", value), append(1, value)];
    const committed = store.commit(operations, "crash");
    value.list.push(2);
    operations.pop();
    await committed;
    assert.deepEqual(await entriesOf(store), { a: { list: [1] } });
    assert.deepEqual((await store.rows(LOG, { after: 0, limit: 1 }))[0]?.value, { list: [1] });
  },

  "a value that was read belongs to its reader": async (store) => {
    await store.commit([put("a", { list: [1] }), append(1, { list: [1] })], "crash");
    const entry = (await store.entries(TABLE)).get("a");
    const row = (await store.rows(LOG, { after: 0, limit: 1 }))[0]?.value;
    for (const value of [entry, row]) (value as { list: number[] }).list.push(2);
    assert.deepEqual(await entriesOf(store), { a: { list: [1] } });
    assert.deepEqual((await store.rows(LOG, { after: 0, limit: 1 }))[0]?.value, { list: [1] });
  },

  "many commits at once are all kept": async (store, reopen) => {
    const numbers = Array.from({ length: 2_500 }, (_, index) => index + 1);
    await Promise.all(
      numbers.map((seq) =>
        store.commit([put(`key-${seq}`, seq), append(seq, seq)], seq % 100 === 0 ? "power" : "crash"),
      ),
    );
    for await (const current of beforeAndAfter(store, reopen)) {
      assert.equal((await current.entries(TABLE)).size, numbers.length);
      assert.deepEqual(await rowsOf(current), numbers);
      assert.deepEqual(await current.extent(LOG), { last: numbers.length, count: numbers.length });
    }
  },

  "closing keeps what is under way, and refuses what comes after": async (store, reopen) => {
    const underWay = [store.commit([put("a", 1)], "crash"), store.commit([put("b", 2)], "power")];
    const closed = store.close();
    await assert.rejects(store.commit([put("c", 3)], "crash"), { code: "closed" });
    await closed;
    await Promise.all(underWay);
    await assert.rejects(store.commit([put("c", 3)], "power"), { code: "closed" });
    await store.close();
    assert.deepEqual(await entriesOf(await reopen()), { a: 1, b: 2 });
  },
};

const TABLE = "things";
const LOG = "outbox-up";

/** No caller may ask for this: a function is not JSON. */
const INVALID: Operation = put("invalid", (() => undefined) as unknown as Json);

function put(key: string, value: Json): Operation {
  return { op: "put", table: TABLE, key, value };
}

function remove(key: string): Operation {
  return { op: "delete", table: TABLE, key };
}

function append(seq: number, value: Json, log: string = LOG): Operation {
  return { op: "append", log, seq, value };
}

/** The store as it is, then opened again: the second is asked for only when the first has been looked at. */
async function* beforeAndAfter(store: Store, reopen: () => Promise<Store>): AsyncGenerator<Store> {
  yield store;
  yield await reopen();
}

async function entriesOf(store: Store): Promise<Record<string, Json>> {
  return Object.fromEntries(await store.entries(TABLE));
}

async function rowsOf(store: Store): Promise<readonly number[]> {
  return (await store.rows(LOG, { after: 0, limit: 10_000 })).map(({ seq }) => seq);
}
