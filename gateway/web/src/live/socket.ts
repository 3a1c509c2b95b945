import type { LiveMessage } from "@tram/protocol";
import { retryDelayMs } from "./backoff.ts";
import { follow, parseLiveMessage } from "./sequence.ts";

/** The gateway closes with this code when the session is not valid, or not any more. */
export const CLOSE_UNAUTHORISED = 4401;

/** `connecting` before the first snapshot, `live` while deltas follow, `lost` until the next snapshot. */
export type LivePhase = "connecting" | "live" | "lost";

/** What this file needs of a browser's WebSocket. */
export interface SocketLike {
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { code: number }) => void): void;
  close(): void;
}

export interface LiveParts {
  readonly connect: () => SocketLike;
  /** Calls `run` after a delay in milliseconds; returns what cancels it. */
  readonly later: (delayMs: number, run: () => void) => () => void;
  /** 0 to 1. */
  readonly random: () => number;
  readonly onMessage: (message: LiveMessage) => void;
  readonly onPhase: (phase: LivePhase) => void;
  readonly onUnauthorised: () => void;
  /**
   * Asks whether the session still holds, after a connection that gave nothing: a browser does not tell why an
   * upgrade was refused. `false` ends the trying.
   */
  readonly stillSignedIn: () => Promise<boolean>;
}

export interface LiveHandle {
  /** Tries again now instead of at the end of the waiting time. Does nothing while connected. */
  retryNow(): void;
  /** Drops the connection, as when the network says it is gone, and starts over. */
  drop(): void;
  close(): void;
}

/** Keeps the live socket open: snapshot, deltas in order, and a new connection whenever either fails. */
export function openLive(parts: LiveParts): LiveHandle {
  let socket: SocketLike | undefined;
  let seq: number | undefined;
  let attempt = 0;
  let closed = false;
  let cancelRetry: (() => void) | undefined;

  function connect(): void {
    cancelRetry = undefined;
    seq = undefined;
    const mine = parts.connect();
    socket = mine;
    mine.addEventListener("message", ({ data }) => {
      if (socket === mine) receive(data);
    });
    mine.addEventListener("close", ({ code }) => {
      if (socket === mine) ended(code);
    });
  }

  function receive(data: unknown): void {
    const message = parseLiveMessage(data);
    const followed = message === undefined ? undefined : follow(seq, message);
    // A gap cannot be filled; a new connection brings a new snapshot.
    if (message === undefined || !followed?.ok) {
      drop();
      return;
    }
    seq = followed.seq;
    parts.onMessage(message);
    if (message.type === "snapshot") {
      attempt = 0;
      parts.onPhase("live");
    }
  }

  function drop(): void {
    const old = socket;
    if (old === undefined) return;
    ended(1006);
    old.close();
  }

  function ended(code: number): void {
    const gaveNothing = seq === undefined;
    socket = undefined;
    if (closed) return;
    if (code === CLOSE_UNAUTHORISED) {
      closed = true;
      parts.onUnauthorised();
      return;
    }
    parts.onPhase("lost");
    const delayMs = retryDelayMs(attempt++, parts.random());
    cancelRetry = parts.later(delayMs, () => void retry(gaveNothing));
  }

  async function retry(check: boolean): Promise<void> {
    cancelRetry = undefined;
    const holds = !check || (await parts.stillSignedIn());
    if (closed || socket !== undefined || cancelRetry !== undefined) return;
    if (holds) return connect();
    closed = true;
    parts.onUnauthorised();
  }

  parts.onPhase("connecting");
  connect();
  return {
    retryNow() {
      if (cancelRetry === undefined) return;
      cancelRetry();
      void retry(false);
    },
    drop,
    close() {
      closed = true;
      cancelRetry?.();
      socket?.close();
      socket = undefined;
    },
  };
}
