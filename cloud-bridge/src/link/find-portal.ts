import { connect } from "node:net";
import type { Clock } from "@tram/core";
import type { Ms } from "@tram/protocol";

/** Where the cloud should be. */
export interface PortalPlace {
  readonly host: string;
  readonly port: number;
}

/**
 * - `not-ours`: what answers speaks neither TLS nor MQTT.
 * - `someone-else`: it speaks TLS, and cannot prove that it is the cloud.
 */
export type Suspicion = "not-ours" | "someone-else";

/** RFC 9110 §4.2.1. */
const WEB_PORT = 80;
/** RFC 6585 §6: Network Authentication Required. */
const SIGN_IN_NEEDED = 511;
/** An answer that takes longer, or is longer, is not waited for. */
const PATIENCE_MS: Ms = 5_000;
const MOST_BYTES = 4_096;

export interface AskTerms {
  readonly clock: Pick<Clock, "after">;
  readonly signal: AbortSignal;
  /** Where the name's web pages would be; default 80. For tests. */
  readonly webPort?: number;
}

interface WebAnswer {
  readonly status: number;
  /** Host that it sends to. */
  readonly elsewhere?: string;
}

/**
 * Looks whether a portal stands where the cloud should be: the page of a hotel or of a prepaid SIM that asks to sign in
 * or to pay before anything else passes. It asks the way a browser does, for `/` and without saying anything of the
 * house: at the cloud's own port if what is there is no TLS or no MQTT, and at the web's port of its name if another
 * answers for it (a name service that sends every name to the portal).
 * @returns what to tell people; `undefined` where there is no sign of a portal.
 */
export async function findPortal(
  place: PortalPlace,
  suspicion: Suspicion,
  terms: AskTerms,
): Promise<string | undefined> {
  const own = suspicion === "not-ours" ? await askWeb(place, place.port, terms) : undefined;
  const definite = tell(own);
  if (definite !== undefined) return definite;
  const { webPort = WEB_PORT } = terms;
  const web = place.port === webPort ? undefined : tell(await askWeb(place, webPort, terms));
  if (web !== undefined) return web;
  // There is a web server, and no cloud. Nothing more is known.
  return own === undefined
    ? undefined
    : "a web server answers there instead of the cloud: a portal that asks to sign in, or the port is wrong";
}

function tell(answer: WebAnswer | undefined): string | undefined {
  if (answer === undefined) return undefined;
  const { elsewhere, status } = answer;
  const where = elsewhere === undefined ? "" : ` at ${elsewhere}`;
  if (status === SIGN_IN_NEEDED) return `a portal asks to sign in${where}`;
  return elsewhere === undefined ? undefined : `a portal seems to ask to sign in${where}`;
}

/** Asks for `/` and reads the head of the answer. */
function askWeb(
  { host }: PortalPlace,
  port: number,
  { clock, signal }: AskTerms,
): Promise<WebAnswer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    let head = "";
    const done = (): void => {
      patience[Symbol.dispose]();
      signal.removeEventListener("abort", done);
      socket.destroy();
      resolve(readHead(head, host));
    };
    const patience = clock.after(PATIENCE_MS, done);
    signal.addEventListener("abort", done, { once: true });
    socket.on("connect", () => {
      socket.write(`GET / HTTP/1.1\r\nHost: ${bracketed(host)}\r\nAccept: */*\r\nConnection: close\r\n\r\n`);
    });
    socket.setEncoding("latin1");
    socket.on("data", (text) => {
      head += String(text);
      if (head.includes("\r\n\r\n") || head.length > MOST_BYTES) done();
    });
    // No answer is an answer too: nobody serves pages there.
    for (const end of ["error", "end", "close"]) socket.on(end, done);
    if (signal.aborted) done();
  });
}

/** @param head comes from outside: a status and a host name are all that is believed of it. */
function readHead(head: string, host: string): WebAnswer | undefined {
  const [line = "", ...fields] = head.slice(0, MOST_BYTES).split("\r\n");
  // RFC 9112 §4.
  const status = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line)?.[1];
  if (status === undefined) return undefined;
  const location = fields.map((field) => /^location: *(\S+)/i.exec(field)?.[1]).find((found) => found);
  const elsewhere = location === undefined ? undefined : hostOf(location);
  const told = elsewhere === undefined || elsewhere === host.toLowerCase() ? {} : { elsewhere };
  return { status: Number(status), ...told };
}

function hostOf(location: string): string | undefined {
  try {
    const { hostname, protocol } = new URL(location);
    return /^https?:$/.test(protocol) && /^[a-z0-9.-]{1,253}$/.test(hostname) ? hostname : undefined;
  } catch {
    return undefined; // A path of its own: it sends nowhere else.
  }
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
