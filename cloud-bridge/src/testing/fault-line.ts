import { once } from "node:events";
import { createServer, connect as dial, type Server, type Socket } from "node:net";
import type { Ms } from "@tram/protocol";

/** How bad a line is, each way. */
export interface LineFaults {
  /** From one end to the other. */
  readonly latencyMs?: Ms;
  readonly bitsPerS?: number;
  /** Part of the segments that get lost, from 0 to 1. */
  readonly loss?: number;
}

/** What TCP puts into a segment on Ethernet. */
const SEGMENT_BYTES = 1_460;
/** Least time after which Linux sends a segment again (RFC 6298 §2 would have it a second). */
const LEAST_RETRANSMISSION_MS: Ms = 200;
/** What a modem takes before it takes no more. */
const BUFFER_BYTES = 65_536;

/**
 * A bad line to a local port: far, slow, lossy, dead. It is a line as the ends of a TCP connection see it: nothing is
 * ever lost or out of order for them, but a segment that was lost comes a retransmission later, and everything behind it
 * with it.
 */
export class FaultLine implements AsyncDisposable {
  readonly port: number;
  /** May be changed at any time; it counts for what is sent from then on. */
  faults: LineFaults;
  readonly #server: Server;
  readonly #target: number;
  readonly #random: () => number;
  readonly #pairs = new Set<{ readonly near: Socket; readonly far: Socket; readonly ways: readonly Way[] }>();

  /** @param target port that it leads to. @param random for losses. */
  static async open(
    target: number,
    faults: LineFaults = {},
    random: () => number = Math.random,
  ): Promise<FaultLine> {
    const server = createServer({ noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new FaultLine(server, { port: address.port, target, faults, random });
  }

  private constructor(
    server: Server,
    {
      faults,
      port,
      random,
      target,
    }: { port: number; target: number; faults: LineFaults; random: () => number },
  ) {
    this.#server = server;
    this.#target = target;
    this.#random = random;
    this.port = port;
    this.faults = faults;
    server.on("connection", (near) => this.#join(near));
  }

  /** Connections that were made so far. */
  connections = 0;

  /** The connections of this moment carry nothing any more, either way, and nobody is told. New ones work. */
  cutSilently(): void {
    for (const { ways } of this.#pairs) for (const way of ways) way.mute();
  }

  /** The far end has forgotten the connections of this moment; the near end is not told, and its bytes go nowhere. */
  leaveHalfOpen(): void {
    for (const { far, ways } of this.#pairs) {
      for (const way of ways) way.mute();
      far.destroy();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const { far, near, ways } of this.#pairs) {
      for (const way of ways) way.mute();
      near.destroy();
      far.destroy();
    }
    await closed;
  }

  #join(near: Socket): void {
    this.connections++;
    const far = dial({ port: this.#target, host: "127.0.0.1", noDelay: true });
    const terms = { faults: () => this.faults, random: this.#random };
    const ways = [new Way(near, far, terms), new Way(far, near, terms)];
    const pair = { near, far, ways };
    this.#pairs.add(pair);
    near.once("close", () => this.#pairs.delete(pair));
  }
}

/** One direction of a connection. */
class Way {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #faults: () => LineFaults;
  readonly #random: () => number;
  readonly #timers = new Set<NodeJS.Timeout>();
  #freeAt: Ms = 0;
  #lastAt: Ms = 0;
  #under = 0;
  #muted = false;

  constructor(from: Socket, to: Socket, terms: { faults: () => LineFaults; random: () => number }) {
    this.#from = from;
    this.#to = to;
    this.#faults = terms.faults;
    this.#random = terms.random;
    from.on("data", (bytes) => this.#send(bytes));
    from.on("end", () => this.#at(this.#lastAt, () => to.end()));
    from.on("error", () => this.#gone());
    from.on("close", () => this.#gone());
  }

  mute(): void {
    this.#muted = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #gone(): void {
    if (!this.#muted) this.#at(this.#lastAt, () => this.#to.destroy());
  }

  #send(bytes: Buffer): void {
    if (this.#muted) return;
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES)
      this.#segment(bytes.subarray(at, at + SEGMENT_BYTES));
    if (this.#under > BUFFER_BYTES) this.#from.pause();
  }

  #segment(bytes: Buffer): void {
    const { bitsPerS = Number.POSITIVE_INFINITY, latencyMs = 0, loss = 0 } = this.#faults();
    this.#freeAt = Math.max(performance.now(), this.#freeAt) + (bytes.length * 8 * 1_000) / bitsPerS;
    let late = 0;
    let again = Math.max(LEAST_RETRANSMISSION_MS, 2 * latencyMs);
    while (this.#random() < loss) {
      late += again;
      again *= 2;
    }
    this.#lastAt = Math.max(this.#lastAt, this.#freeAt + latencyMs + late);
    this.#under += bytes.length;
    this.#at(this.#lastAt, () => {
      this.#under -= bytes.length;
      this.#to.write(bytes);
      if (this.#under < BUFFER_BYTES / 2) this.#from.resume();
    });
  }

  #at(when: Ms, act: () => void): void {
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        if (!this.#muted) act();
      },
      Math.max(0, when - performance.now()),
    );
    this.#timers.add(timer);
  }
}
