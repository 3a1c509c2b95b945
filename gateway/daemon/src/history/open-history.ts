import { join } from "node:path";
import type { HistorySettings } from "../config/settings.ts";
import { History, type HistoryParts } from "./history.ts";
import { policies } from "./policy.ts";

/** Opens the history of a data folder; undefined where the configuration wants none. */
export async function openHistory(
  parts: Omit<HistoryParts, "policyFor">,
  folder: string,
  settings: HistorySettings,
): Promise<History | undefined> {
  if (!settings.enabled) return undefined;
  const { policies: list, sizeBytes, windowMs } = settings;
  const policyFor = policies(
    list.map(
      ({ always = false, days, properties = ["*"], raw_days: rawDays, record = true, things = ["*"] }) => ({
        things,
        properties,
        record,
        always,
        rawDays,
        days,
      }),
    ),
  );
  return History.open({ ...parts, policyFor }, { file: join(folder, "history.db"), sizeBytes, windowMs });
}
