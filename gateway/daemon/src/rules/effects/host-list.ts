/** A host that rules may call, as the configuration writes it. */
export const HOST_PATTERN =
  "^(?:(?:\\*\\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\\[[0-9A-Fa-f:.]{2,45}\\])(?::[0-9]{1,5})?$";

interface Entry {
  /** Lower case; without the `*` of a wildcard, and so with a dot in front. */
  readonly name: string;
  /** Absent: the one that the scheme implies. */
  readonly port?: string;
}

/**
 * The hosts that `rules.http_hosts` allows. A list of names: what a name resolves to is the business of who answers for
 * it, and an address is allowed only where it is written as one.
 * - `host` is its ports 80 (http) and 443 (https).
 * - `host:port` is that port.
 * - `*.example.org` is everything below it, and not it.
 */
export class HostList {
  readonly #entries: readonly Entry[];

  /** @param written each fits `HOST_PATTERN`. */
  constructor(written: readonly string[]) {
    this.#entries = written.map((text) => {
      const [, name = "", port] = /^(.*?)(?::(\d+))?$/.exec(text.toLowerCase()) ?? [];
      return { name: name.replace(/^\*/, ""), ...(port === undefined ? {} : { port }) };
    });
  }

  /** @returns why a URL may not be called, without its path and what else it holds; `undefined` when it may. */
  refusal(url: URL): string | undefined {
    if (url.protocol !== "http:" && url.protocol !== "https:") {
      return `expected http or https, found ${url.protocol.slice(0, -1)}`;
    }
    const host = url.hostname.replace(/\.$/, "");
    const allowed = this.#entries.some(({ name, port }) => {
      const named = name.startsWith(".") ? host.length > name.length && host.endsWith(name) : host === name;
      // A URL does not show the port that its scheme implies.
      return named && (port === undefined ? url.port === "" : portOf(url) === port);
    });
    if (allowed) return undefined;
    const shown = url.port === "" ? host : `${host}:${url.port}`;
    return `${shown} is not among the hosts that rules.http_hosts allows`;
  }
}

function portOf({ port, protocol }: URL): string {
  return port === "" ? (protocol === "https:" ? "443" : "80") : port;
}
