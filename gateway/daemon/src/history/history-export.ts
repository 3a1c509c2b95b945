import type { HistoryPoint, Json } from "@tram/protocol";
import type { HistoryCut, Range } from "./history-cut.ts";
import { bucketPoint, iso } from "./history-query.ts";
import { GAP_REASONS, type Run, reasonsByPlace, valueAt } from "./run.ts";
import type { Tier } from "./tiers.ts";

export const EXPORT_FORMATS = {
  csv: "text/csv; charset=utf-8",
  jsonl: "application/x-ndjson; charset=utf-8",
} as const;
export type ExportFormat = keyof typeof EXPORT_FORMATS;

/** A row of an export: a reading, a bucket, or where a gap begins. */
type Row = HistoryPoint & { readonly gap?: string };

const COLUMNS: Readonly<Record<"raw" | "buckets", readonly (keyof Row)[]>> = {
  raw: ["time", "value", "gap"],
  buckets: ["time", "min", "max", "mean", "last", "count"],
};

/**
 * Writes a whole tier within a time, piece by piece: CSV (RFC 4180, with a head) or one JSON object a line.
 * @param open opens the history when the first piece is asked for; it is closed however this ends.
 */
export async function* exportHistory(
  open: () => HistoryCut,
  tier: Tier,
  range: Range,
  format: ExportFormat,
): AsyncGenerator<string> {
  using cut = open();
  const columns = COLUMNS[tier.widthMs === 0 ? "raw" : "buckets"];
  if (format === "csv") yield `${columns.join(",")}\r\n`;
  for await (const piece of cut.pieces(tier, range)) {
    const rows: Row[] =
      "run" in piece
        ? runRows(piece.run)
        : piece.buckets.list.flatMap((bucket) => bucketPoint(piece.buckets, bucket));
    yield rows.map((row) => (format === "csv" ? csvLine(row, columns) : `${JSON.stringify(row)}\n`)).join("");
  }
}

function runRows(run: Run): Row[] {
  const reasons = reasonsByPlace(run);
  return run.times.map((time, place): Row => {
    const value = valueAt(run, place);
    if (value !== undefined) return { time: iso(time), value };
    return { time: iso(time), gap: GAP_REASONS[reasons.get(place) ?? -1] ?? "unknown" };
  });
}

function csvLine(row: Row, columns: readonly (keyof Row)[]): string {
  return `${columns.map((column) => csvField(row[column] as Json | undefined)).join(",")}\r\n`;
}

/** RFC 4180 §2: what holds a comma, a quote or a line end stands in quotes. */
function csvField(value: Json | undefined): string {
  if (value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
