import type { CloudConnection, CloudDesk, CloudMessage, CloudProvider, PublishOutcome } from "@tram/core";
import type { CloudPeer } from "./provider-contract.ts";

export interface FakeProviderOptions {
  /** Default 100. */
  readonly maxInFlight?: number;
  /** Default: not said, which means 1. */
  readonly maxInFlightPerGroup?: number;
}

/** A cloud in memory: takes messages, refuses them as told, loses its connections on command. */
export class FakeCloud implements CloudPeer {
  /** What reached the cloud, duplicates included, in order of arrival. */
  readonly arrived: CloudMessage[] = [];
  /** Connections that were accepted so far. */
  accepted = 0;
  /** Connections that were asked for so far, refused ones included. */
  attempts = 0;
  /** Messages between publishing and outcome at the worst moment. */
  mostInFlight = 0;
  /** What the cloud says to a message; it takes everything unless told otherwise. */
  answer: (message: CloudMessage) => PublishOutcome = () => ({ outcome: "acknowledged" });
  /** Where the cloud asks the house: the desk of the latest connection. */
  desk: CloudDesk | undefined;
  #listening = true;
  #holding = false;
  #inFlight = 0;
  readonly #held: (() => void)[] = [];
  readonly #connections = new Set<FakeConnection>();

  /** A provider of this cloud; several may be connected at once. */
  provider(options: FakeProviderOptions = {}): CloudProvider & { readonly maxInFlightPerGroup?: number } {
    const { maxInFlight = 100, maxInFlightPerGroup } = options;
    return {
      name: "fake",
      maxInFlight,
      sizeOf: (message) => JSON.stringify(message).length,
      ...(maxInFlightPerGroup === undefined ? {} : { maxInFlightPerGroup }),
      connect: (signal, desk) => this.#accept(signal, desk),
    };
  }

  async start(): Promise<void> {
    this.#listening = true;
  }

  async stop(): Promise<void> {
    this.#listening = false;
    await this.cut();
  }

  async received(): Promise<readonly { readonly id: string }[]> {
    return this.arrived;
  }

  /** Loses every connection: what was not answered is not answered any more. */
  async cut(reason = "the line was cut"): Promise<void> {
    for (const connection of [...this.#connections]) connection.lose(reason);
    this.letGo();
  }

  /** From now on messages arrive, and their outcomes wait for `letGo`. */
  hold(): void {
    this.#holding = true;
  }

  letGo(): void {
    this.#holding = false;
    for (const release of this.#held.splice(0)) release();
  }

  get connected(): number {
    return this.#connections.size;
  }

  async #accept(signal: AbortSignal, desk: CloudDesk): Promise<CloudConnection> {
    this.attempts++;
    await Promise.resolve();
    signal.throwIfAborted();
    if (!this.#listening) throw new Error("fake: nothing listens there");
    this.accepted++;
    this.desk = desk;
    const connection = new FakeConnection(
      (message, alive) => this.#take(message, alive),
      (gone) => this.#connections.delete(gone),
    );
    this.#connections.add(connection);
    return connection;
  }

  async #take(message: CloudMessage, alive: () => boolean): Promise<PublishOutcome> {
    const outcome = this.answer(message);
    if (outcome.outcome === "acknowledged") this.arrived.push(message);
    this.#inFlight++;
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight);
    if (this.#holding) await new Promise<void>((release) => this.#held.push(release));
    this.#inFlight--;
    return alive() ? outcome : { outcome: "retry", reason: "the line was cut before the answer" };
  }
}

type Take = (message: CloudMessage, alive: () => boolean) => Promise<PublishOutcome>;

class FakeConnection implements CloudConnection {
  readonly closed: Promise<string>;
  readonly #take: Take;
  readonly #onGone: (connection: FakeConnection) => void;
  #settleClosed: (reason: string) => void = () => undefined;
  #end: string | undefined;

  constructor(take: Take, onGone: (connection: FakeConnection) => void) {
    this.#take = take;
    this.#onGone = onGone;
    this.closed = new Promise((resolve) => {
      this.#settleClosed = resolve;
    });
  }

  publish(batch: readonly CloudMessage[]): Promise<readonly PublishOutcome[]> {
    return Promise.all(batch.map((message) => this.#publishOne(message)));
  }

  lose(reason: string): void {
    this.#end ??= reason;
    this.#onGone(this);
    this.#settleClosed(this.#end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.lose("closed by the gateway");
  }

  async #publishOne(message: CloudMessage): Promise<PublishOutcome> {
    if (this.#end !== undefined) return { outcome: "retry", reason: this.#end };
    return await this.#take(message, () => this.#end === undefined);
  }
}
