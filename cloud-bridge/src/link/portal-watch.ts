import type { Clock } from "@tram/core";
import type { Ms } from "@tram/protocol";
import { BridgeError } from "../bridge-error.ts";
import type { PortalPlace, Suspicion } from "./find-portal.ts";

/** A portal is looked for so often at most: it is a request to somebody who did not ask for it. */
const AGAIN_MS: Ms = 300_000;

/** What OpenSSL and Node call a peer that speaks TLS and is not who it should be. */
const CERTIFICATE_FAULTS =
  /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME_INVALID)/;
/** And one that does not speak TLS. */
const NO_TLS = /^(?:ERR_SSL_|EPROTO$)/;

/** Looks for a portal after a failure that looks like one, and remembers what was found until the cloud is there. */
export class PortalWatch {
  readonly #find: (
    place: PortalPlace,
    suspicion: Suspicion,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
  readonly #clock: Pick<Clock, "monotonic">;
  #found: string | undefined;
  #lookedAt: Ms = Number.NEGATIVE_INFINITY;

  constructor(
    find: (place: PortalPlace, suspicion: Suspicion, signal: AbortSignal) => Promise<string | undefined>,
    clock: Pick<Clock, "monotonic">,
  ) {
    this.#find = find;
    this.#clock = clock;
  }

  /**
   * @param error why there is no connection.
   * @returns what to tell people, or `undefined`.
   */
  async look(
    place: PortalPlace | undefined,
    error: unknown,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const suspicion = suspicionOf(error);
    if (place === undefined || suspicion === undefined) {
      this.#found = undefined;
      return undefined;
    }
    const now = this.#clock.monotonic();
    if (now - this.#lookedAt < AGAIN_MS) return this.#found;
    this.#lookedAt = now;
    this.#found = await this.#find(place, suspicion, signal);
    return this.#found;
  }

  /** The cloud is there. */
  passed(): void {
    this.#found = undefined;
    this.#lookedAt = Number.NEGATIVE_INFINITY;
  }
}

/** @returns `undefined` for a failure that no portal causes. */
export function suspicionOf(error: unknown): Suspicion | undefined {
  if (!(error instanceof BridgeError)) return undefined;
  const code = systemCodeOf(error);
  if (CERTIFICATE_FAULTS.test(code)) return "someone-else";
  if (NO_TLS.test(code)) return "not-ours";
  return error.code === "protocol" ? "not-ours" : undefined;
}

/** What OpenSSL or the system calls it, beneath what a provider made of it. */
function systemCodeOf(error: BridgeError): string {
  let cause: unknown = error;
  for (let depth = 0; cause instanceof BridgeError && depth < 4; depth++) cause = cause.cause;
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return typeof code === "string" ? code : "";
}
