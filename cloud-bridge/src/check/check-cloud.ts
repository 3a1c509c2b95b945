import { lookup } from "node:dns/promises";
import { isIP, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { Ms } from "@tram/protocol";
import { BridgeError } from "../bridge-error.ts";
import { findPortal } from "../link/find-portal.ts";
import { suspicionOf } from "../link/portal-watch.ts";
import { reasonOf } from "../link/reason-of.ts";
import { addressOf, dial } from "../providers/dial.ts";
import { connectFault } from "../providers/mqtt-reason.ts";
import { adviceFor } from "./advice.ts";
import { CHECK_STEPS, type CheckResult, type CheckStep } from "./check-step.ts";
import { ownCertificateProblem } from "./own-certificate.ts";
import { type Probe, type ProbeLine, type ProbeParts, probeOf } from "./probe.ts";

export interface CheckParts extends ProbeParts {
  /** Of the bridge that is at work with this entry: a second connection with its client id would take its place. */
  readonly bridge?: { readonly state: string; readonly sent: number };
  /** The last step that is wanted; default all of them. Of a claim nothing after `tls` is known. */
  readonly until?: CheckStep;
  /** Is filled while it goes, for who watches. */
  readonly results?: CheckResult[];
}

/** All steps together may take so long. */
const PATIENCE_MS: Ms = 60_000;

type Found = Omit<CheckResult, "step">;
const ok = (said: string): Found => ({ outcome: "ok", said });

/**
 * Looks step by step whether a cloud can be reached and takes what a bridge would send, and says in a line each what is
 * wrong. What follows the first failure is not tried.
 * @param signal ends it; what was not tried by then is skipped.
 */
export async function checkCloud(parts: CheckParts, signal: AbortSignal): Promise<readonly CheckResult[]> {
  const { clock, results = [], until = "publish" } = parts;
  const stop = new AbortController();
  const abort = (): void => stop.abort(new Error("the check was ended"));
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  const patience = clock.after(PATIENCE_MS, abort);
  const check = new Check(parts, await probeOf(parts), stop.signal);
  try {
    let failed: CheckStep | undefined;
    for (const step of CHECK_STEPS.slice(0, CHECK_STEPS.indexOf(until) + 1)) {
      const found: Found =
        failed === undefined
          ? await check.look(step)
          : { outcome: "skipped", said: `not tried: ${failed} has failed` };
      results.push({ step, ...found });
      if (found.outcome === "failed") failed = step;
    }
    return results;
  } finally {
    patience[Symbol.dispose]();
    signal.removeEventListener("abort", abort);
    await check[Symbol.asyncDispose]();
  }
}

class Check implements AsyncDisposable {
  readonly #parts: CheckParts;
  readonly #probe: Probe;
  readonly #signal: AbortSignal;
  #line: ProbeLine | undefined;

  constructor(parts: CheckParts, probe: Probe, signal: AbortSignal) {
    this.#parts = parts;
    this.#probe = probe;
    this.#signal = signal;
  }

  /** Never rejects for what the cloud or the network does. */
  async look(step: CheckStep): Promise<Found> {
    try {
      return await this.#look(step);
    } catch (error) {
      return await this.#failure(step, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#line?.[Symbol.asyncDispose]();
  }

  #look(step: CheckStep): Promise<Found> | Found {
    switch (step) {
      case "configuration":
        return this.#configuration();
      case "clock":
        return this.#clock();
      case "name":
        return this.#name();
      case "tcp":
        return this.#tcp();
      case "tls":
        return this.#tls();
      case "mqtt":
        return this.#mqtt();
      case "publish":
        return this.#publish();
    }
  }

  #configuration(): Found {
    const { clock, identity = {} } = this.#parts;
    const problem = ownCertificateProblem(identity, clock.now(), clock.trust);
    return problem === undefined ? ok("it is complete") : { outcome: "failed", ...problem };
  }

  #clock(): Found {
    const { clock } = this.#parts;
    const time = new Date(clock.now()).toISOString();
    if (clock.trust !== "untrusted") return ok(`it is set (${clock.trust}): ${time}`);
    return {
      outcome: "unsure",
      said: `nobody has set it since the start: ${time}. Whether a certificate has expired cannot be judged`,
      advice: "Let NTP set it; a certificate that is refused for its time may be a good one.",
    };
  }

  async #name(): Promise<Found> {
    const { host } = this.#probe.target;
    if (isIP(host) !== 0) return { outcome: "skipped", said: `${host} is an address` };
    let found: readonly { readonly address: string }[];
    try {
      found = await within(lookup(host, { all: true }), this.#signal);
    } catch (cause) {
      throw connectFault(host, cause as Error);
    }
    return ok(`${host} is ${found.map(({ address }) => address).join(", ")}`);
  }

  async #tcp(): Promise<Found> {
    const { host, port } = this.#probe.target;
    const socket = await dial({ host, port }, { signal: this.#signal, clock: this.#parts.clock });
    socket.destroy();
    return ok(`${addressOf({ host, port })} takes connections`);
  }

  async #tls(): Promise<Found> {
    const { target } = this.#probe;
    if (target.tls === undefined) {
      return { outcome: "skipped", said: "the address asks for none: everybody on the way can read along" };
    }
    const socket = await dial(target, { signal: this.#signal, clock: this.#parts.clock });
    const said = describe(socket);
    socket.destroy();
    return ok(said);
  }

  async #mqtt(): Promise<Found> {
    if (this.#parts.bridge?.state === "online") return ok("the bridge is connected");
    this.#line = await this.#probe.open(this.#signal);
    return ok("the cloud lets the gateway in");
  }

  async #publish(): Promise<Found> {
    const { bridge } = this.#parts;
    if (this.#line === undefined) {
      return bridge !== undefined && bridge.sent > 0
        ? ok(`the cloud has taken ${bridge.sent} messages of this bridge since it was opened`)
        : { outcome: "unsure", said: "the bridge is connected, and has had nothing to send so far" };
    }
    const problem = await this.#line.publish();
    if (problem === undefined) return ok(`the cloud has taken a message on ${this.#line.topic}`);
    throw new BridgeError("refused", problem);
  }

  async #failure(step: CheckStep, error: unknown): Promise<Found> {
    const { config, clock } = this.#parts;
    const said = `${reasonOf(error)}${whoAnswered(error)}`;
    const code = error instanceof BridgeError ? error.code : undefined;
    if (code === undefined) return { outcome: "failed", said };
    const { host, port } = this.#probe.target;
    const suspicion = this.#signal.aborted ? undefined : suspicionOf(error);
    const portal =
      suspicion && (await findPortal({ host, port }, suspicion, { clock, signal: this.#signal }));
    const advice = portal ?? adviceFor(code, { step, provider: config.provider });
    return {
      outcome: "failed",
      said,
      code: portal === undefined ? code : "portal",
      ...(advice === undefined ? {} : { advice }),
    };
  }
}

function describe(socket: Socket): string {
  if (!(socket instanceof TLSSocket)) return "it is encrypted";
  const { subject, valid_to: end } = socket.getPeerCertificate();
  return `${socket.getProtocol() ?? "TLS"}; the certificate of ${first(subject?.CN) ?? "this host"} is good until ${end}`;
}

/** Of a certificate for another name: for which one, which tells a portal from a typo. */
function whoAnswered(error: unknown): string {
  const { cause } = error as { readonly cause?: { readonly cert?: { readonly subject?: { CN?: unknown } } } };
  const name = first(cause?.cert?.subject?.CN);
  return name === undefined ? "" : `: ${name}`;
}

/** What a stranger calls itself, bounded. */
function first(name: unknown): string | undefined {
  const [text] = Array.isArray(name) ? (name as readonly unknown[]) : [name];
  return typeof text === "string" ? text.replace(/[^ -~]/g, "?").slice(0, 64) : undefined;
}

function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(Object.assign(new Error("no answer"), { code: "EAI_AGAIN" }));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
