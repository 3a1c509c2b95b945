import assert from "node:assert/strict";
import type { CloudConnection, CloudDesk, CloudMessage, CloudProvider, PublishOutcome } from "@tram/core";

/** The other side of a provider under test. */
export interface CloudPeer {
  /** Listens; connections are accepted from when this resolves. */
  start(): Promise<void>;
  /** Stops listening and loses its connections. */
  stop(): Promise<void>;
  /** What reached the peer up to now, duplicates included, in order of arrival. */
  received(): Promise<readonly { readonly id: string }[]>;
  /** Loses every connection, without a goodbye. */
  cut(): Promise<void>;
}

/** A provider with a peer that listens. */
export interface ProviderHarness extends AsyncDisposable {
  /** A new provider for the peer. */
  provider(): CloudProvider;
  readonly peer: CloudPeer;
  /** A message that this peer will never take; left out where there is none. */
  readonly unacceptable?: CloudMessage;
  /** What must never be seen in an error. */
  readonly secrets?: readonly string[];
}

export interface ContractCase {
  readonly name: string;
  run(): Promise<void>;
}

/** The desk of a house that takes no requests and shows nothing of itself. */
export const NO_REQUESTS: CloudDesk = {
  ask: async () => ({ outcome: "refused", code: "forbidden", reason: "no cloud may ask for anything here" }),
  snapshot: () => [],
  things: () => [],
};

/** Longest time for anything that the contract says must happen. In milliseconds. */
const PATIENCE_MS = 8_000;

/**
 * What every provider keeps to. Each case opens a harness of its own, and throws an AssertionError when the provider
 * breaks the contract.
 */
export function providerContract(open: () => Promise<ProviderHarness>): readonly ContractCase[] {
  const one = (name: string, test: (harness: ProviderHarness) => Promise<void>): ContractCase => ({
    name,
    run: async () => {
      const harness = await open();
      try {
        await test(harness);
      } finally {
        await harness[Symbol.asyncDispose]();
      }
    },
  });
  return CASES.map(([name, test]) => one(name, test));
}

const CASES: readonly (readonly [string, (harness: ProviderHarness) => Promise<void>])[] = [
  [
    "delivers a batch in order, with one outcome a message",
    async (harness) => {
      const connection = await connect(harness.provider());
      const batch = messages("pump", 50);
      const outcomes = await soon(connection.publish(batch), "the outcomes");
      assert.deepEqual(
        outcomes.map((outcome) => outcome.outcome),
        batch.map(() => "acknowledged"),
      );
      assert.deepEqual(await ids(harness), idsOf(batch));
      await connection[Symbol.asyncDispose]();
    },
  ],
  [
    "keeps the order of calls that overlap",
    async (harness) => {
      const connection = await connect(harness.provider());
      const batches = [messages("a", 10), messages("b", 10), messages("c", 10)];
      await soon(Promise.all(batches.map((batch) => connection.publish(batch))), "the outcomes");
      assert.deepEqual(await ids(harness), idsOf(batches.flat()));
      await connection[Symbol.asyncDispose]();
    },
  ],
  [
    "takes as many messages at once as it says",
    async (harness) => {
      const provider = harness.provider();
      const connection = await connect(provider);
      const batch = messages("busy", provider.maxInFlight);
      const outcomes = await soon(connection.publish(batch), "the outcomes");
      assert.ok(outcomes.every((outcome) => outcome.outcome === "acknowledged"));
      assert.equal(outcomes.length, batch.length);
      await connection[Symbol.asyncDispose]();
    },
  ],
  [
    "acknowledges only what the peer has",
    async (harness) => {
      const connection = await connect(harness.provider());
      const batch = messages("pump", 20);
      const outcomes = await soon(connection.publish(batch), "the outcomes");
      await harness.peer.cut();
      await acknowledgedAreThere(harness, batch, outcomes);
      await connection[Symbol.asyncDispose]();
    },
  ],
  [
    "settles everything when the line is cut, and tells why",
    async (harness) => {
      const connection = await connect(harness.provider());
      const batch = messages("pump", 20);
      const publishing = connection.publish(batch);
      await harness.peer.cut();
      const outcomes = await soon(publishing, "the outcomes after the cut");
      assert.equal(outcomes.length, batch.length);
      assert.ok(outcomes.every((outcome) => outcome.outcome !== "rejected"));
      await acknowledgedAreThere(harness, batch, outcomes);
      assert.notEqual(await soon(connection.closed, "`closed` after the cut"), "");
      await connection[Symbol.asyncDispose]();
    },
  ],
  [
    "asks to send again what is published after the end",
    async (harness) => {
      const connection = await connect(harness.provider());
      await harness.peer.cut();
      await soon(connection.closed, "`closed` after the cut");
      const outcomes = await soon(connection.publish(messages("late", 3)), "the outcomes after the end");
      assert.deepEqual(
        outcomes.map((outcome) => outcome.outcome),
        ["retry", "retry", "retry"],
      );
      assert.deepEqual(await ids(harness), []);
      await connection[Symbol.asyncDispose]();
    },
  ],
  [
    "sends nothing again by itself after a new connection",
    async (harness) => {
      const provider = harness.provider();
      const first = await connect(provider);
      const publishing = first.publish(messages("pump", 20));
      await harness.peer.cut();
      const outcomes = await soon(publishing, "the outcomes after the cut");
      const before = await ids(harness);
      const second = await connect(provider);
      const fresh = messages("fresh", 5);
      await soon(second.publish(fresh), "the outcomes on the new connection");
      assert.deepEqual((await ids(harness)).slice(before.length), idsOf(fresh));
      assert.equal(outcomes.length, 20);
      await second[Symbol.asyncDispose]();
    },
  ],
  [
    "parks what the peer will never take, and nothing else",
    async (harness) => {
      const { unacceptable } = harness;
      if (unacceptable === undefined) return;
      const connection = await connect(harness.provider());
      const [before, after] = messages("good", 2);
      assert.ok(before !== undefined && after !== undefined);
      const outcomes = await soon(connection.publish([before, unacceptable, after]), "the outcomes");
      assert.deepEqual(
        outcomes.map((outcome) => outcome.outcome),
        ["acknowledged", "rejected", "acknowledged"],
      );
      const [, refused] = outcomes;
      assert.ok(refused?.outcome === "rejected" && refused.reason !== "");
      assert.deepEqual(await ids(harness), idsOf([before, after]));
      await connection[Symbol.asyncDispose]();
    },
  ],
  [
    "rejects with a reason when nobody is there",
    async (harness) => {
      await harness.peer.stop();
      const failure = await refusalOf(harness.provider().connect(new AbortController().signal, NO_REQUESTS));
      assert.ok(failure instanceof Error && failure.message !== "");
      for (const secret of harness.secrets ?? []) {
        assert.ok(!`${failure.message} ${failure.stack}`.includes(secret), "a secret is in the error");
      }
    },
  ],
  [
    "connects again after the peer has come back",
    async (harness) => {
      const provider = harness.provider();
      await harness.peer.stop();
      await refusalOf(provider.connect(new AbortController().signal, NO_REQUESTS));
      await harness.peer.start();
      const connection = await connect(provider);
      const batch = messages("pump", 3);
      await soon(connection.publish(batch), "the outcomes");
      assert.deepEqual(await ids(harness), idsOf(batch));
      await connection[Symbol.asyncDispose]();
    },
  ],
  [
    "gives up connecting when it is told to",
    async (harness) => {
      const before = AbortSignal.abort(new Error("not wanted"));
      assert.ok((await refusalOf(harness.provider().connect(before, NO_REQUESTS))) instanceof Error);
      const stop = new AbortController();
      const connecting = refusalOf(harness.provider().connect(stop.signal, NO_REQUESTS));
      stop.abort(new Error("not wanted any more"));
      assert.ok((await connecting) instanceof Error);
    },
  ],
  [
    "closes when it is disposed, once and for all",
    async (harness) => {
      const connection = await connect(harness.provider());
      await soon(connection[Symbol.asyncDispose](), "the disposal");
      assert.notEqual(await soon(connection.closed, "`closed` after the disposal"), "");
      await soon(connection[Symbol.asyncDispose](), "the second disposal");
      const [outcome] = await soon(connection.publish(messages("late", 1)), "the outcome after the end");
      assert.equal(outcome?.outcome, "retry");
    },
  ],
];

async function connect(provider: CloudProvider): Promise<CloudConnection> {
  return await soon(provider.connect(new AbortController().signal, NO_REQUESTS), "the connection");
}

async function acknowledgedAreThere(
  harness: ProviderHarness,
  batch: readonly CloudMessage[],
  outcomes: readonly PublishOutcome[],
): Promise<void> {
  const there = new Set(await ids(harness));
  for (const [index, message] of batch.entries()) {
    if (outcomes[index]?.outcome !== "acknowledged") continue;
    assert.ok(there.has(message.id), `${message.id} was acknowledged, and the peer does not have it`);
  }
}

async function ids(harness: ProviderHarness): Promise<readonly string[]> {
  return idsOf(await soon(harness.peer.received(), "what the peer received"));
}

function idsOf(items: readonly { readonly id: string }[]): readonly string[] {
  return items.map((item) => item.id);
}

function messages(thing: string, count: number): readonly CloudMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `contract-${thing}-${index}`,
    class: "telemetry",
    group: thing,
    thing,
    name: "climate/temperature",
    time: Date.UTC(2026, 0, 5) + index * 1_000,
    value: 20 + index / 10,
    quality: "good",
  }));
}

async function refusalOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await soon(promise, "the refusal");
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    return error;
  }
  assert.fail("it connected, and should not have");
}

/** What the contract promises must come; a provider that hangs fails its case instead of hanging the run. */
async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `${what} did not come` })),
      PATIENCE_MS,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
