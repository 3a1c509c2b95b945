import { join } from "node:path";
import type { Log, Store } from "@tram/core";
import { type GatewayView, PRODUCT } from "@tram/protocol";
import { ConfigError } from "../config/config-error.ts";
import { openSqliteStore, type SqliteStore } from "./sqlite-store.ts";
import { StoreOpenError } from "./store-open-error.ts";

/**
 * Opens the gateway's database in its data folder.
 * @returns the store, and what people must know about it: that it was damaged, and what became of it.
 * @throws {ConfigError} `data` when there is no database to be had: one line for people.
 */
export async function openStore(
  folder: string,
  options: { readonly log: Log; readonly strict: boolean },
): Promise<{ store: Store; problems: GatewayView["problems"] }> {
  const { log, strict } = options;
  const file = join(folder, `${PRODUCT.name}.db`);
  let store: SqliteStore;
  try {
    store = await openSqliteStore(file, {
      strict,
      onFault: ({ code, message }) =>
        log.error({ code, reason: message }, "the store failed in the background"),
    });
  } catch (cause) {
    if (!(cause instanceof StoreOpenError)) throw cause;
    throw new ConfigError("data", `data: expected a database in ${folder}, found ${cause.message}`, {
      cause,
    });
  }
  if (store.quarantine === undefined) return { store, problems: [] };
  const { quarantined, restored, problem } = store.quarantine;
  const outcome = restored ? "the last snapshot is in use" : "it began anew, empty";
  log.error({ quarantined, restored, problem }, "the database was damaged and moved aside");
  return {
    store,
    problems: [
      {
        code: "database",
        where: file,
        problem: `${problem}; it was moved to ${quarantined}, and ${outcome}`,
      },
    ],
  };
}
