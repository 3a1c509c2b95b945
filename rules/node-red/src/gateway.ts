import { X509Certificate } from "node:crypto";
import { type Address, readAddress } from "./address.ts";
import { ApiClient } from "./api-client.ts";
import { type LinkState, LiveLink } from "./live-link.ts";
import type { Change, LiveMessage } from "./live-message.ts";
import { Mirror } from "./mirror.ts";
import { text } from "./outside.ts";
import type { Timers } from "./timers.ts";

/** What the gateway gives out: URL-safe characters. */
const TOKEN = /^[A-Za-z0-9_-]{20,64}$/;

/** Reasons that want another cure than waiting; those of certificates are Node.js's and OpenSSL's. */
const TOLD_APART = /^(?:sign-in-needed|not-understood)$|CERT|SELF_SIGNED|ALTNAME|^UNABLE_TO/;

export interface GatewaySettings {
  readonly address: Address;
  readonly token: string;
  readonly ca?: string;
}

export type SettingsRead =
  | { readonly ok: true; readonly settings: GatewaySettings }
  | { readonly ok: false; readonly problem: string };

/** Checks what the editor gave. The problem never has the token in it. */
export function readSettings(given: { address: unknown; token: unknown; ca: unknown }): SettingsRead {
  const read = readAddress(given.address);
  if (!read.ok) return read;
  const token = typeof given.token === "string" ? given.token.trim() : "";
  if (token === "") return { ok: false, problem: "token: expected one, found none" };
  if (!TOKEN.test(token)) {
    return { ok: false, problem: "token: expected the gateway's own, 20 to 64 letters, digits, - and _" };
  }
  const ca = text(given.ca)?.trim();
  if (ca === undefined || ca === "") return { ok: true, settings: { address: read.address, token } };
  if (!read.address.secure) return { ok: false, problem: "ca: expected an address that begins with https" };
  try {
    new X509Certificate(ca);
  } catch {
    return { ok: false, problem: "ca: expected a certificate as PEM text" };
  }
  return { ok: true, settings: { address: read.address, token, ca } };
}

/** What happened, for nodes. After a snapshot everything may be other than it was. */
export type Notice =
  | { readonly kind: "link"; readonly link: LinkState }
  | { readonly kind: "snapshot" }
  | { readonly kind: "change"; readonly change: Change };

export interface GatewayParts extends GatewaySettings {
  readonly timers: Timers;
  /** Once on the way down and once on the way up. */
  readonly onEdge: (edge: LinkState) => void;
  /** A listener of a node threw, or the gateway sent what is not as it should be; told once for each kind. */
  readonly onOdd: (what: string) => void;
}

/** One gateway, as all nodes that name it see it: one connection, one token. */
export class Gateway implements Disposable {
  readonly timers: Timers;
  readonly mirror = new Mirror();
  readonly api: ApiClient;
  readonly #parts: GatewayParts;
  readonly #link: LiveLink;
  readonly #listeners = new Set<(notice: Notice) => void>();
  readonly #odd = new Set<string>();
  #edge = "";

  constructor(parts: GatewayParts) {
    this.#parts = parts;
    this.timers = parts.timers;
    this.api = new ApiClient(parts);
    this.#link = new LiveLink({
      ...parts,
      onMessage: (message) => this.#onMessage(message),
      onState: (link) => this.#onState(link),
    });
  }

  get link(): LinkState {
    return this.#link.state;
  }

  open(): void {
    this.#link.open();
  }

  /** Hears what happens until the token is disposed of. */
  listen(listener: (notice: Notice) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#listeners.clear();
    this.#link[Symbol.dispose]();
    this.api[Symbol.dispose]();
  }

  #onMessage({ broken, changes, type }: LiveMessage): void {
    if (broken > 0)
      this.#tellOdd("parts of what the gateway says are not as they should be, and are left out");
    if (type === "snapshot") this.mirror.clear();
    for (const change of changes) this.mirror.take(change);
    if (type === "snapshot") this.#tell({ kind: "snapshot" });
    else for (const change of changes) this.#tell({ kind: "change", change });
  }

  #onState(link: LinkState): void {
    // Told when it goes, when the gateway refuses or is none, and when it comes back.
    const why = link.state === "offline" && TOLD_APART.test(link.code) ? ` ${link.code}` : "";
    const edge = `${link.state}${why}`;
    if (edge !== this.#edge) this.#parts.onEdge(link);
    this.#edge = edge;
    this.#tell({ kind: "link", link });
  }

  #tell(notice: Notice): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(notice);
      } catch (error) {
        this.#tellOdd(`a node failed: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  #tellOdd(what: string): void {
    if (this.#odd.has(what) || this.#odd.size >= 20) return;
    this.#odd.add(what);
    this.#parts.onOdd(what);
  }
}
