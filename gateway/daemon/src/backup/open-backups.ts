import { dirname } from "node:path";
import type { Clock } from "@tram/core";
import { PRODUCT } from "@tram/protocol";
import type { Audit } from "../audit/audit-log.ts";
import type { ConfigSource } from "../config/last-good.ts";
import type { Settings } from "../config/settings.ts";
import { OPENWRT_FILES } from "../config/uci/openwrt-files.ts";
import type { History } from "../history/history.ts";
import { RENDERED_CONFIG, RENDERED_UCI } from "../runtime/places.ts";
import type { SqliteStore } from "../store/sqlite-store.ts";
import { Backups } from "./backups.ts";
import { namedFiles } from "./named-files.ts";
import { takeRestoreNote } from "./restore-state.ts";
import { removeWorkFolder } from "./work-folder.ts";

/** Prepares what makes backups, clears away what a killed one left, and enters a restore into the audit log. */
export function openBackups(parts: {
  readonly settings: Settings;
  readonly config?: { readonly file: string } & ConfigSource;
  readonly clock: Clock;
  readonly store: Pick<SqliteStore, "copy">;
  readonly audit: Audit;
  readonly history: Pick<History, "flush"> | undefined;
}): Backups {
  const { audit, clock, config, history, settings, store } = parts;
  const { data, gateway, rulesDir } = settings;
  removeWorkFolder(data);
  const note = takeRestoreNote(data);
  if (note !== undefined)
    audit({ action: "backup-restored", subject: PRODUCT.name, by: "local", detail: note });
  const configFile = config?.file ?? `${dirname(data)}/${PRODUCT.name}.yaml`;
  return new Backups({
    clock,
    gateway,
    store,
    audit,
    ...(history === undefined ? {} : { flushHistory: () => history.flush() }),
    from: {
      data,
      rulesDir,
      configFile,
      configText: config?.text,
      rendered: configFile === RENDERED_CONFIG ? { uci: RENDERED_UCI, base: OPENWRT_FILES.base } : undefined,
      named: config === undefined ? [] : namedFiles(config.text, config.folder),
    },
  });
}
