import type { LogRow } from "@tram/core";
import { MemoryStore } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import { encodeRow, type QueuedMessage } from "./outbox-row.ts";
import { Payloads } from "./payloads.ts";

function queued(id: string): QueuedMessage {
  return {
    message: {
      id,
      class: "telemetry",
      group: "a",
      thing: "a",
      name: "n/p",
      time: 0,
      value: 1,
      quality: "good",
    },
    queuedAt: 0,
  };
}

async function storeOf(count: number): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (let seq = 1; seq <= count; seq++) {
    await store.commit([{ op: "append", log: "q", seq, value: encodeRow(queued(`m-${seq}`)) }], "crash");
  }
  return store;
}

describe("the payloads", () => {
  it("do not bring back what was replaced while a page was read", async () => {
    const store = await storeOf(10);
    const rows = store.rows.bind(store);
    let deliver: () => void = () => undefined;
    store.rows = async (log, options) => {
      const page: readonly LogRow[] = await rows(log, options);
      await new Promise<void>((resolve) => {
        deliver = resolve;
      });
      return page;
    };
    const payloads = new Payloads(store, "q", () => 80);
    const loading = payloads.load([1]);
    await new Promise((resolve) => setImmediate(resolve));
    await store.commit([{ op: "append", log: "q", seq: 5, value: encodeRow(queued("other")) }], "crash");
    payloads.forget(5);
    deliver();
    expect((await loading).get(1)?.message.id).toBe("m-1");
    store.rows = rows;
    expect((await payloads.load([5])).get(5)?.message.id).toBe("other");
  });

  it("are read by the page, smaller the larger the rows are", async () => {
    const store = await storeOf(3_000);
    const limits: number[] = [];
    const rows = store.rows.bind(store);
    store.rows = (log, options) => {
      limits.push(options.limit);
      return rows(log, options);
    };
    for (const bytes of [80, 10_000, 1_000_000]) {
      await new Payloads(store, "q", () => bytes).load([1]);
    }
    expect(limits).toEqual([1_000, 52, 16]);
  });
});
