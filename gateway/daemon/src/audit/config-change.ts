import { createHash } from "node:crypto";
import type { Store, Transactions } from "@tram/core";
import { isJsonObject, type Json } from "@tram/protocol";
import { parseYaml } from "../config/load.ts";
import type { AuditLog } from "./audit-log.ts";

const TABLE = "audit";
const KEY = "config";

/**
 * Enters into the audit log that the gateway starts with another configuration than the last time, and which parts of it
 * are others. Who changed the file nobody knows.
 * @param config text of a configuration that was found sound, and its file.
 */
export async function noteConfigChange(
  config: { readonly file: string; readonly text: string },
  parts: {
    readonly store: Pick<Store, "entries">;
    readonly transactions: Pick<Transactions, "record">;
    readonly audit: Pick<AuditLog, "into">;
  },
): Promise<void> {
  const now = marksOf(config.text);
  const before = (await parts.store.entries(TABLE)).get(KEY);
  const known = isJsonObject(before) ? before : undefined;
  const changed = [...new Set([...Object.keys(known ?? now), ...Object.keys(now)])].filter(
    (name) => known?.[name] !== now[name],
  );
  if (changed.length === 0) return;
  await parts.transactions.record((unit) => {
    unit.put(TABLE, KEY, now);
    if (known === undefined) return; // The first start: there was nothing to change.
    const detail = changed.sort().join(", ");
    parts.audit.into(unit, { action: "config-changed", subject: config.file, by: "unknown", detail });
  });
}

/** Four bytes for each part: they tell a change, and of a password in it nearly nothing. */
function marksOf(text: string): Record<string, Json> {
  const document = parseYaml(text, "configuration");
  const parts = typeof document === "object" && document !== null ? Object.entries(document) : [];
  return Object.fromEntries(
    parts.map(([name, value]) => [
      name,
      createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, 8),
    ]),
  );
}
