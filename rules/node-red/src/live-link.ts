import WebSocket from "ws";
import type { Address } from "./address.ts";
import { backOffMs } from "./back-off.ts";
import { type LiveMessage, readLiveMessage } from "./live-message.ts";
import { short } from "./outside.ts";
import type { Timers } from "./timers.ts";

/** The gateway pings each 30 s: who hears nothing for longer than two of them has lost it. In milliseconds. */
const SILENCE_MS = 75_000;
const OPEN_MS = 15_000;
/** A snapshot of a thousand Things has about 2 MB. In bytes. */
const LONGEST_MESSAGE = 33_554_432;
/** The gateway's code for a token that is missing, unknown or taken back. */
const SIGN_IN_NEEDED = 4401;

export type LinkState =
  | { readonly state: "connecting" }
  | { readonly state: "online" }
  /** `code` is stable, `reason` is for people. */
  | { readonly state: "offline"; readonly code: string; readonly reason: string };

export interface LinkParts {
  readonly address: Address;
  readonly token: string;
  /** PEM of the only authority that may vouch for the gateway. */
  readonly ca?: string;
  readonly timers: Timers;
  readonly random?: () => number;
  readonly onMessage: (message: LiveMessage) => void;
  readonly onState: (state: LinkState) => void;
}

/**
 * The connection to the gateway's live socket: opens it again for as long as it is not closed, each time later, and
 * begins with a snapshot each time. A gap in the numbers of the messages is a lost connection too.
 */
export class LiveLink implements Disposable {
  readonly #parts: LinkParts;
  #socket: WebSocket | undefined;
  #timer: Disposable | undefined;
  #state: LinkState = { state: "connecting" };
  #failures = 0;
  #seq: number | undefined;
  #closed = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  get state(): LinkState {
    return this.#state;
  }

  open(): void {
    const { address, token, ca } = this.#parts;
    this.#seq = undefined;
    const socket = new WebSocket(address.live, {
      headers: { authorization: `Bearer ${token}` },
      handshakeTimeout: OPEN_MS,
      maxPayload: LONGEST_MESSAGE,
      perMessageDeflate: false,
      followRedirects: false,
      ...(ca === undefined ? {} : { ca }),
    });
    this.#socket = socket;
    let why: { code: string; reason: string } | undefined;
    const fail = (code: string, reason: string): void => {
      why ??= { code, reason };
      socket.terminate();
    };
    socket.on("open", () => this.#watch(fail));
    socket.on("ping", () => this.#watch(fail));
    socket.on("message", (data, binary) => {
      if (this.#socket !== socket || this.#closed) return;
      this.#watch(fail);
      const message = binary ? undefined : readLiveMessage(String(data));
      if (message === undefined) fail("not-understood", "it does not speak like a gateway");
      else if (message.type === "delta" && message.seq !== (this.#seq ?? Number.NaN) + 1) {
        fail("gap", "messages were lost on the way");
      } else this.#take(message);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      why ??= { code: error.code ?? "error", reason: short(error.message, 200) };
    });
    socket.on("close", (code, reason) => {
      if (this.#socket !== socket || this.#closed) return;
      this.#socket = undefined;
      if (code === SIGN_IN_NEEDED)
        why = { code: "sign-in-needed", reason: "the gateway does not know the token" };
      const told = short(reason.toString("utf8"), 100);
      this.#again(
        why ?? { code: `closed-${code}`, reason: told === "" ? "the gateway closed the connection" : told },
      );
    });
  }

  /** Ends the connection; nothing is told any more. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#timer?.[Symbol.dispose]();
    const socket = this.#socket;
    this.#socket = undefined;
    // What is on its way to open emits an error when it is ended.
    socket?.on("error", () => undefined);
    socket?.terminate();
  }

  #take(message: LiveMessage): void {
    this.#seq = message.seq;
    this.#parts.onMessage(message);
    if (message.type !== "snapshot") return;
    this.#failures = 0;
    this.#tell({ state: "online" });
  }

  #watch(fail: (code: string, reason: string) => void): void {
    if (this.#closed) return;
    this.#timer?.[Symbol.dispose]();
    this.#timer = this.#parts.timers.after(SILENCE_MS, () => fail("silent", "the gateway fell silent"));
  }

  #again(why: { code: string; reason: string }): void {
    this.#failures++;
    this.#timer?.[Symbol.dispose]();
    const pauseMs = backOffMs(this.#failures, (this.#parts.random ?? Math.random)());
    this.#timer = this.#parts.timers.after(pauseMs, () => this.open());
    this.#tell({ state: "offline", ...why });
  }

  #tell(state: LinkState): void {
    this.#state = state;
    this.#parts.onState(state);
  }
}
