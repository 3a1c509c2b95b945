import type { BrokerAddress, Clock } from "@tram/core";
import type { GatewayView, Ms } from "@tram/protocol";
import { ConfigError } from "../../config/config-error.ts";
import { interfaceAddresses } from "./interface-addresses.ts";
import type { ListenerSpec } from "./listener.ts";
import { type BoundServer, type ListenerParts, openServer } from "./open-listener.ts";

/** How often the addresses of interfaces are looked at. */
const WATCH_MS: Ms = 5_000;

interface Opened {
  readonly spec: ListenerSpec;
  readonly key: string;
  /** By the address that they are bound to. */
  readonly servers: Map<string, BoundServer>;
  problem: string | undefined;
}

export interface ListenersParts extends ListenerParts {
  readonly clock: Pick<Clock, "every">;
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
      for (const [index, spec] of specs.entries()) await listeners.#open(spec, index);
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
    return this.#opened.flatMap(({ key, problem }) =>
      problem === undefined ? [] : [{ code: "listener", where: key, problem }],
    );
  }

  /** Lets nobody in any more. */
  close(): void {
    this.#closed = true;
    this.#watch?.[Symbol.dispose]();
    for (const { servers } of this.#opened) for (const server of servers.values()) server.close();
  }

  async #open(spec: ListenerSpec, index: number): Promise<void> {
    const key = spec.id === "tcp" ? "mqtt.port" : `mqtt.listeners[${index}]`;
    const opened: Opened = { spec, key, servers: new Map(), problem: undefined };
    this.#opened.push(opened);
    if (spec.protocol === "mqtts" || spec.protocol === "wss") {
      if (this.#parts.tls === undefined) {
        opened.problem = "there is no certificate: make one with `tram ca init`, or name files in mqtt.tls";
        return;
      }
    }
    if (spec.interface === undefined)
      opened.servers.set(spec.host, await openServer(spec, { host: spec.host, key }, this.#parts));
    else await this.#follow(opened, spec.interface);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    for (const opened of this.#opened) {
      const name = opened.spec.interface;
      if (name !== undefined && !this.#closed) await this.#follow(opened, name);
    }
    this.#looking = false;
  }

  /** Binds to what the interface has now, and lets go of what it has no more. */
  async #follow(opened: Opened, name: string): Promise<void> {
    const { key, servers, spec } = opened;
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
        const server = await openServer(spec, { host, key }, this.#parts);
        if (this.#closed) server.close();
        else servers.set(host, server);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        problem = error.message;
      }
    }
    if (problem === opened.problem) return;
    opened.problem = problem;
    if (problem === undefined) this.#parts.log.info({ listener: spec.id, interface: name }, "listening");
    else this.#parts.log.warn({ listener: spec.id, interface: name, problem }, "a listener is not open");
    this.#parts.onChange();
  }
}
