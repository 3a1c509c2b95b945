/** Where a gateway is. */
export interface Address {
  /** HTTP without a slash at the end: `http://192.168.1.1:8080`, maybe with a path of a proxy. */
  readonly http: string;
  /** The live socket. */
  readonly live: string;
  readonly secure: boolean;
}

export type AddressRead =
  | { readonly ok: true; readonly address: Address }
  | { readonly ok: false; readonly problem: string };

/** An address is shorter. In characters. */
const LONGEST = 2_000;

/**
 * Reads the address of a gateway as people write it; without a scheme it is `http`.
 * @returns why it is none: a token in it would end up in flow files and logs.
 */
export function readAddress(written: unknown): AddressRead {
  const text = typeof written === "string" ? written.trim() : "";
  if (text === "" || text.length > LONGEST) return refused(text);
  let url: URL;
  try {
    url = new URL(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  } catch {
    return refused(text);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") return refused(text);
  if (url.username !== "" || url.password !== "") {
    return { ok: false, problem: "address: expected no user name or password in it" };
  }
  if (url.search !== "" || url.hash !== "") {
    return { ok: false, problem: "address: expected nothing behind the path" };
  }
  const http = `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, "")}`;
  const live = `${http.replace(/^http/, "ws")}/ws`;
  return { ok: true, address: { http, live, secure: url.protocol === "https:" } };
}

function refused(text: string): AddressRead {
  // What has an @ may have a password before it.
  const shown = text.includes("@") ? "something else" : JSON.stringify(text.slice(0, 80));
  const found = text === "" ? "nothing" : shown;
  return { ok: false, problem: `address: expected http://host:port or https://host:port, found ${found}` };
}
