import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Clock, Log } from "@tram/core";
import type {
  BridgeView,
  Change,
  Delta,
  GatewayView,
  ModuleView,
  Ms,
  RuleView,
  Snapshot,
} from "@tram/protocol";
import { type WebSocket, WebSocketServer } from "ws";

/** Changes are collected for this long and sent together. In milliseconds. */
const BATCH_MS: Ms = 50;
const PING_MS: Ms = 30_000;
/** A socket that has this much unsent is too slow: it is closed, and gets a fresh snapshot when it returns. In bytes. */
const BACKLOG_BYTES = 4_194_304;
const MAX_SOCKETS = 64;

/** Private close codes (RFC 6455 §7.4.2). */
export const CLOSE = { signInNeeded: 4401, tooSlow: 4408, tooMany: 4429, stopping: 1001 } as const;

interface Watcher {
  readonly socket: WebSocket;
  /** Checked again when rights were taken back. */
  readonly stillAllowed: () => boolean;
  alive: boolean;
}

/** The live API: a snapshot, then numbered deltas, the same for all watchers. */
export class LiveHub {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #snapshot: () => Omit<Snapshot, "type" | "seq">;
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 1_024, perMessageDeflate: false });
  readonly #watchers = new Set<Watcher>();
  readonly #occurrences: Change[] = [];
  readonly #states = new Map<string, () => Change | undefined>();
  readonly #ping: Disposable;
  #flush: Disposable | undefined;
  #seq = 0;

  constructor(parts: { clock: Clock; log: Log; snapshot: () => Omit<Snapshot, "type" | "seq"> }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#snapshot = parts.snapshot;
    this.#ping = parts.clock.every(PING_MS, () => this.#pingAll());
  }

  /** Queues something that happened: every one of them is told. Costs nothing while nobody watches. */
  push(change: () => Change): void {
    if (this.#watchers.size === 0) return;
    this.#occurrences.push(change());
    this.#arm();
  }

  /**
   * Queues that a state changed: in one batch it is told once, as it is when the batch is sent.
   * @param key names the state. @param change looks at it; `undefined` when there is nothing to tell any more.
   */
  pushState(key: string, change: () => Change | undefined): void {
    if (this.#watchers.size === 0) return;
    this.#states.set(key, change);
    this.#arm();
  }

  pushGateway(view: () => GatewayView): void {
    this.pushState("gateway", () => ({ kind: "gateway", gateway: view() }));
  }

  pushModule(id: string, view: () => ModuleView | undefined): void {
    this.pushState(`module ${id}`, () => {
      const module = view();
      return module === undefined ? undefined : { kind: "module", module };
    });
  }

  pushRule(id: string, view: () => RuleView | undefined): void {
    this.pushState(`rule ${id}`, () => {
      const rule = view();
      return rule === undefined ? { kind: "rule-removed", id } : { kind: "rule", rule };
    });
  }

  pushBridge(id: string, view: () => BridgeView | undefined): void {
    this.pushState(`bridge ${id}`, () => {
      const bridge = view();
      return bridge === undefined ? { kind: "bridge-removed", id } : { kind: "bridge", bridge };
    });
  }

  /** @param stillAllowed `undefined` when the caller may not watch at all. */
  upgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    stillAllowed: (() => boolean) | undefined,
  ): void {
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("error", (error) => this.#log.debug({ reason: error.message }, "live socket error"));
      if (stillAllowed === undefined) webSocket.close(CLOSE.signInNeeded, "sign in");
      else if (this.#watchers.size >= MAX_SOCKETS) webSocket.close(CLOSE.tooMany, "too many watchers");
      else this.#welcome(webSocket, stillAllowed);
    });
  }

  /** Ends the connections of those who lost their rights. */
  recheck(): void {
    for (const watcher of this.#watchers) {
      if (!watcher.stillAllowed()) watcher.socket.close(CLOSE.signInNeeded, "sign in");
    }
  }

  close(): void {
    this.#ping[Symbol.dispose]();
    this.#flush?.[Symbol.dispose]();
    for (const { socket } of this.#watchers) {
      socket.close(CLOSE.stopping, "the gateway stops");
      socket.terminate();
    }
    this.#server.close();
  }

  #welcome(socket: WebSocket, stillAllowed: () => boolean): void {
    // Whatever is queued is in the snapshot already: the others get it first.
    this.#send();
    const watcher: Watcher = { socket, stillAllowed, alive: true };
    this.#watchers.add(watcher);
    socket.on("close", () => this.#watchers.delete(watcher));
    socket.on("pong", () => {
      watcher.alive = true;
    });
    const snapshot: Snapshot = { type: "snapshot", seq: this.#seq, ...this.#snapshot() };
    socket.send(JSON.stringify(snapshot));
  }

  #send(): void {
    this.#flush?.[Symbol.dispose]();
    this.#flush = undefined;
    const changes = [...this.#occurrences, ...[...this.#states.values()].map((change) => change())].filter(
      (change) => change !== undefined,
    );
    this.#occurrences.length = 0;
    this.#states.clear();
    if (changes.length === 0) return;
    const delta: Delta = { type: "delta", seq: ++this.#seq, changes };
    const text = JSON.stringify(delta);
    for (const { socket } of this.#watchers) {
      if (socket.bufferedAmount > BACKLOG_BYTES) socket.close(CLOSE.tooSlow, "too slow");
      else socket.send(text);
    }
  }

  #arm(): void {
    this.#flush ??= this.#clock.after(BATCH_MS, () => this.#send());
  }

  #pingAll(): void {
    for (const watcher of this.#watchers) {
      if (!watcher.alive) watcher.socket.terminate();
      else {
        watcher.alive = false;
        watcher.socket.ping();
      }
    }
  }
}
