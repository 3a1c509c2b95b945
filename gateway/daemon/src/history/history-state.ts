import { Compile } from "@tram/protocol/validator";
import { type Static, Type } from "typebox";
import type { SqlDriver } from "../store/sql-driver.ts";
import { TIERS } from "./tiers.ts";

const Count = Type.Integer({ minimum: 0 });
const PerTier = Type.Array(Count, { minItems: TIERS.length, maxItems: TIERS.length });

const FoldProgress = Type.Object({
  /** Windows up to this one are being folded. */
  upTo: Count,
  /** Parts below this one are folded already. */
  part: Count,
});
export type FoldProgress = Static<typeof FoldProgress>;

/** What is known of a history as a whole; kept in the same transaction as what it tells of. */
const HistoryState = Type.Object({
  /** Bytes of the blocks of each tier. */
  bytes: PerTier,
  /** What was observed before this time was dropped from a tier for want of room; epoch milliseconds. */
  droppedBefore: PerTier,
  folding: Type.Optional(FoldProgress),
  /** When the last window ended that was folded; epoch milliseconds. */
  savedAt: Count,
  /** It was closed in order then. */
  closed: Type.Boolean(),
  /** Ages were looked at up to this time; epoch milliseconds. */
  sweptAt: Count,
});
export type HistoryState = Static<typeof HistoryState>;

const validator = Compile(HistoryState);

export function newState(): HistoryState {
  const none = TIERS.map(() => 0);
  return { bytes: [...none], droppedBefore: [...none], savedAt: 0, closed: true, sweptAt: 0 };
}

/** @throws what the engine throws. A state that cannot be read counts as none: nothing but the room is misjudged. */
export function readState(driver: SqlDriver): HistoryState {
  const text = driver.prepare("SELECT value FROM state WHERE key = 'history'").get()?.value;
  if (typeof text !== "string") return newState();
  try {
    const found: unknown = JSON.parse(text);
    return validator.Check(found) ? found : newState();
  } catch {
    return newState();
  }
}

export function writeState(driver: SqlDriver, state: HistoryState): void {
  driver
    .prepare("INSERT OR REPLACE INTO state (key, value) VALUES ('history', ?)")
    .run(JSON.stringify(state));
}
