import { createHash, timingSafeEqual } from "node:crypto";
import type { MqttClient } from "@tram/core";
import { HOMIE_ROOT } from "@tram/protocol";
import type { Account } from "../config/settings.ts";

/** The account that everybody is when `mqtt.anonymous` is on. */
export const ANONYMOUS = "anonymous";

interface Entry {
  readonly role: Account["role"];
  readonly digest: Buffer;
  readonly prefixes: readonly string[];
}

/** Who may enter the broker, and what each may read and write. */
export class Accounts {
  readonly #entries = new Map<string, Entry>();

  constructor(accounts: readonly Account[], options: { anonymous: boolean }) {
    for (const { username, password, role, topics } of accounts) {
      this.#entries.set(username, { role, digest: digest(password), prefixes: topics ?? [] });
    }
    if (options.anonymous) {
      this.#entries.set(ANONYMOUS, { role: "service", digest: digest(""), prefixes: [] });
    }
  }

  /**
   * Checks a user name and a password in constant time.
   * @returns the account's name, or `undefined` when the door stays shut.
   */
  authenticate(username: string | undefined, password: Uint8Array | undefined): string | undefined {
    if (username === undefined || username === "")
      return this.#entries.has(ANONYMOUS) ? ANONYMOUS : undefined;
    if (username === ANONYMOUS) return undefined;
    const entry = this.#entries.get(username);
    // Unknown names cost the same comparison, so that time does not tell which names exist.
    const expected = entry?.digest ?? digest("");
    const equal = timingSafeEqual(digest(password ?? new Uint8Array()), expected);
    return entry !== undefined && equal ? username : undefined;
  }

  mayPublish(client: MqttClient, topic: string): boolean {
    const entry = this.#entries.get(client.username);
    if (entry === undefined || topic.startsWith("$")) return false;
    if (entry.role === "service") return true;
    if (entry.role === "dashboard") return false;
    return owns(client.username, entry, topic);
  }

  maySubscribe(client: MqttClient, filter: string): boolean {
    const entry = this.#entries.get(client.username);
    if (entry === undefined) return false;
    if (entry.role !== "device") return true;
    return owns(client.username, entry, filter) || filter.startsWith(`${HOMIE_ROOT}/$broadcast/`);
  }
}

/**
 * True when a topic, and every topic that a filter can match, is the device's own. A wildcard in a level that decides
 * ownership never equals the id, so filters need no case of their own.
 */
function owns(username: string, entry: Entry, topic: string): boolean {
  if (entry.prefixes.length > 0) {
    return entry.prefixes.some((prefix) => {
      const level = prefix.replace(/\/+$/, "");
      return topic === level || topic.startsWith(`${level}/`);
    });
  }
  if (!topic.startsWith(`${HOMIE_ROOT}/`)) return false;
  const [device = ""] = topic.slice(HOMIE_ROOT.length + 1).split("/");
  return device === username || (/^[a-z0-9-]+$/.test(device) && device.startsWith(`${username}-`));
}

/** SHA-256 makes passwords of equal length for the comparison; fixed accounts live in the configuration in clear. */
function digest(password: string | Uint8Array): Buffer {
  return createHash("sha256").update(password).digest();
}
