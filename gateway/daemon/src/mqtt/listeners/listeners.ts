import type { BrokerAddress, Clock } from "@tram/core";
import type { GatewayView, Ms } from "@tram/protocol";
import { ConfigError } from "../../config/config-error.ts";
import { interfaceAddresses } from "./interface-addresses.ts";
import type { ListenerSpec } from "./listener.ts";
import { type BoundServer, type ListenerParts, NoCertificate, openServer } from "./open-listener.ts";

/** How often the addresses of interfaces are looked at. */
const WATCH_MS: Ms = 5_000;

interface Opened {
  readonly spec: ListenerSpec;
  /** By the address that they are bound to. */
  readonly servers: Map<string, BoundServer>;
  problem: string | undefined;
}

export interface ListenersParts extends ListenerParts {
  readonly clock: Pick<Clock, "every" | "monotonic">;
  /** Told when `problems` says something else from now on. */
  readonly onChange: () => void;
  /** For tests. */
  readonly addressesOf?: (name: string) => readonly string[];
}

/** All doors of the broker. Those on an interface follow its addresses. */
export class Listeners {
  readonly #parts: ListenersParts;
  readonly #addressesOf: (name: string) => readonly string[];
  readonly #opened: Opened[] = [];
  #watch: Disposable | undefined;
  #looking = false;
  #closed = false;

  private constructor(parts: ListenersParts) {
    this.#parts = parts;
    this.#addressesOf = parts.addressesOf ?? interfaceAddresses;
  }

  /**
   * @throws {ConfigError} `port` when a port of a named address is not available. What an interface or a certificate
   * lacks is a problem that may end: the others open all the same.
   */
  static async open(specs: readonly ListenerSpec[], parts: ListenersParts): Promise<Listeners> {
    const listeners = new Listeners(parts);
    try {
      for (const spec of specs) await listeners.#open(spec);
    } catch (error) {
      listeners.close();
      throw error;
    }
    if (specs.some((spec) => spec.interface !== undefined)) {
      listeners.#watch = parts.clock.every(WATCH_MS, () => void listeners.#look());
    }
    return listeners;
  }

  get addresses(): readonly BrokerAddress[] {
    return this.#opened.flatMap(({ servers }) => [...servers.values()].map(({ address }) => address));
  }

  get problems(): GatewayView["problems"] {
    return this.#opened.flatMap(({ problem, spec }) =>
      problem === undefined ? [] : [{ code: "listener", where: spec.key, problem }],
    );
  }

  /** Tries those again that had no certificate. */
  async reopen(): Promise<void> {
    for (const opened of this.#opened) {
      if (opened.spec.interface !== undefined || opened.servers.size > 0 || this.#closed) continue;
      await this.#bind(opened).catch((error: unknown) => this.#tell(opened, String(error)));
    }
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#closed = true;
    this.#watch?.[Symbol.dispose]();
    for (const { servers } of this.#opened) for (const server of servers.values()) server.close();
  }

  async #open(spec: ListenerSpec): Promise<void> {
    const opened: Opened = { spec, servers: new Map(), problem: undefined };
    this.#opened.push(opened);
    if (spec.interface !== undefined) {
      await this.#follow(opened, spec.interface);
      return;
    }
    await this.#bind(opened);
  }

  async #bind(opened: Opened): Promise<void> {
    const { host } = opened.spec;
    try {
      const server = await openServer(opened.spec, host, this.#parts);
      if (this.#closed) server.close();
      else opened.servers.set(host, server);
      this.#tell(opened, undefined);
    } catch (error) {
      if (!(error instanceof NoCertificate)) throw error;
      this.#tell(opened, error.message);
    }
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      for (const opened of this.#opened) {
        const name = opened.spec.interface;
        if (name !== undefined && !this.#closed) await this.#follow(opened, name);
      }
    } finally {
      this.#looking = false;
    }
  }

  /** Binds to what the interface has now, and lets go of what it has no more. */
  async #follow(opened: Opened, name: string): Promise<void> {
    const { servers, spec } = opened;
    const wanted = this.#addressesOf(name);
    for (const [host, server] of servers) {
      if (wanted.includes(host)) continue;
      server.close();
      servers.delete(host);
    }
    let problem = wanted.length === 0 ? `the interface ${name} has no address` : undefined;
    for (const host of wanted) {
      if (servers.has(host)) continue;
      try {
        const server = await openServer(spec, host, this.#parts);
        if (this.#closed) server.close();
        else servers.set(host, server);
      } catch (error) {
        if (!(error instanceof ConfigError || error instanceof NoCertificate)) throw error;
        problem = error.message;
      }
    }
    this.#tell(opened, problem);
  }

  #tell(opened: Opened, problem: string | undefined): void {
    if (problem === opened.problem) return;
    opened.problem = problem;
    const listener = opened.spec.id;
    if (problem === undefined) this.#parts.log.info({ listener }, "the listener is open");
    else this.#parts.log.warn({ listener, problem }, "a listener is not open");
    this.#parts.onChange();
  }
}
