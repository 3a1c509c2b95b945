import { type BridgeTraffic, type BridgeView, formatDuration } from "@tram/protocol";
import { formatAge } from "./format.ts";

/** What there is to say about a bridge besides its state: a name and a text each. */
export function* bridgeLines(
  bridge: BridgeView,
  now: number,
): Generator<readonly [name: string, text: string]> {
  const {
    drops = {},
    dropped,
    etaS,
    holding,
    lastError,
    nextAttempt,
    oldest,
    parked,
    queued,
    ratePerS,
    sent,
  } = bridge;
  if (lastError !== undefined) yield ["error", lastError];
  if (nextAttempt !== undefined && bridge.state !== "online") {
    yield ["next", `tries again in ${formatDuration(Math.max(0, Date.parse(nextAttempt) - now))}`];
  }
  if (holding !== undefined) yield ["waiting", HOLDING[holding]];
  const classes = counted(bridge.queuedByClass);
  const since = oldest === undefined ? "" : `, oldest ${formatAge(oldest, now)}`;
  yield ["queued", `${queued}${classes === "" ? "" : ` (${classes})`}${since}`];
  if (ratePerS !== undefined && queued > 0) {
    const end = etaS === undefined ? "" : `, empty in about ${formatDuration(etaS * 1_000)}`;
    yield ["pace", `${ratePerS} messages/s${end}`];
  }
  yield ["sent", `${sent} since the start`];
  yield ["bytes", trafficText(bridge.traffic)];
  const why = Object.entries(drops).map(([name, reasons]) => `${name}: ${counted(reasons)}`);
  if (dropped > 0) yield ["dropped", `${dropped}${why.length === 0 ? "" : ` (${why.join("; ")})`}`];
  if (parked > 0) yield ["parked", `${parked} (see \`bridge parked ${bridge.id}\`)`];
}

const HOLDING: Readonly<Record<NonNullable<BridgeView["holding"]>, string>> = {
  metered: "readings wait for a line that does not cost by the byte; alarms, answers and states go",
  budget: "readings wait for the next month, its bytes are used up; alarms, answers and states go",
};

function trafficText({ budget, forecast, month, today, undated }: BridgeTraffic): string {
  const parts = [`${formatBytes(today)} today`];
  const share =
    budget === undefined
      ? ""
      : ` (${Math.floor((budget.used / budget.limit) * 100)} % of ${formatBytes(budget.limit)})`;
  parts.push(`${formatBytes(month)} this month${share}`);
  if (undated > 0) parts.push(`${formatBytes(undated)} without a date`);
  if (forecast !== undefined) parts.push(`${formatBytes(forecast)} expected by its end`);
  return parts.join(", ");
}

/** `12.3 MB`, in powers of ten, as operators count. */
export function formatBytes(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

/** `alarm 2, telemetry 12` */
function counted(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(", ");
}
