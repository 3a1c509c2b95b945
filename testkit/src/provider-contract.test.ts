import type { CloudConnection, CloudMessage, CloudProvider, PublishOutcome } from "@tram/core";
import { describe, expect, it } from "vitest";
import { FakeCloud } from "./fake-cloud.ts";
import { type ProviderHarness, providerContract } from "./provider-contract.ts";

const POISON: CloudMessage = {
  id: "poison",
  class: "telemetry",
  group: "good",
  thing: "good",
  name: "a/b",
  time: 0,
  value: null,
  quality: "good",
};

function openFake(disturb: (provider: CloudProvider) => CloudProvider = (provider) => provider) {
  return async (): Promise<ProviderHarness> => {
    const cloud = new FakeCloud();
    cloud.answer = (message) =>
      message.id === POISON.id ? { outcome: "rejected", reason: "never" } : { outcome: "acknowledged" };
    return {
      provider: () => disturb(cloud.provider()),
      peer: cloud,
      unacceptable: POISON,
      [Symbol.asyncDispose]: () => cloud.stop(),
    };
  };
}

/** Wraps what `publish` of each connection does. */
function publishing(change: (inner: CloudConnection) => CloudConnection["publish"]) {
  return (provider: CloudProvider): CloudProvider => ({
    name: provider.name,
    maxInFlight: provider.maxInFlight,
    sizeOf: (message) => provider.sizeOf(message),
    connect: async (signal, desk) => {
      const inner = await provider.connect(signal, desk);
      return {
        closed: inner.closed,
        publish: change(inner),
        [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
      };
    },
  });
}

const acknowledged: PublishOutcome = { outcome: "acknowledged" };

const BROKEN: Readonly<Record<string, (provider: CloudProvider) => CloudProvider>> = {
  "acknowledges before the peer has it": publishing((inner) => async (batch) => {
    setImmediate(() => void inner.publish(batch));
    return batch.map(() => acknowledged);
  }),
  "reorders a batch": publishing((inner) => async (batch) => {
    const outcomes = await inner.publish([...batch].reverse());
    return [...outcomes].reverse();
  }),
  "answers for the wrong messages": publishing((inner) => async (batch) => {
    return [...(await inner.publish(batch))].sort((a, b) => (a.outcome < b.outcome ? -1 : 1));
  }),
  "throws after the end": publishing((inner) => {
    let closed = false;
    void inner.closed.then(() => {
      closed = true;
    });
    return async (batch) => {
      if (closed) throw new Error("closed");
      return await inner.publish(batch);
    };
  }),
};

async function failures(disturb: (provider: CloudProvider) => CloudProvider): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const { name, run } of providerContract(openFake(disturb))) {
    try {
      await run();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

describe("the fake cloud keeps the provider contract", () => {
  for (const { name, run } of providerContract(openFake())) it(name, run);
});

describe("the provider contract catches a provider that", () => {
  for (const [name, disturb] of Object.entries(BROKEN)) {
    it(name, async () => {
      expect(await failures(disturb)).not.toEqual([]);
    });
  }

  it("was only wrapped: it lets that one pass", async () => {
    expect(await failures(publishing((inner) => (batch) => inner.publish(batch)))).toEqual([]);
  });
});
