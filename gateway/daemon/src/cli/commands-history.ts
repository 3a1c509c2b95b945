import { createWriteStream } from "node:fs";
import { type FlashView, formatDuration, type HistoryView, type Json } from "@tram/protocol";
import type { CommandBody } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { formatValue } from "./format.ts";
import { UsageError } from "./usage-error.ts";

const OPTIONS = ["from", "to", "points", "tier"] as const;

/** `history ID PROP`: points for people, everything as CSV or JSON lines. */
export const history: CommandBody = async (context) => {
  const { args, options, output } = context;
  const [thing = "", property = ""] = args;
  if (options.csv === true && options.jsonl === true) throw new UsageError("--csv or --jsonl, not both");
  const query = new URLSearchParams({ thing, property });
  // `-24h` comes with a blank before it, so that it is no option.
  for (const name of OPTIONS) if (typeof options[name] === "string") query.set(name, options[name].trim());
  const client = await DaemonClient.of(context);
  if (options.csv === true || options.jsonl === true) {
    query.set("format", options.csv === true ? "csv" : "jsonl");
    await client.copy(`/api/v1/history?${query}`, fileOf(options.out));
    return 0;
  }
  if (options.out !== undefined) throw new UsageError("--out is for --csv and --jsonl");
  const view = await client.get<HistoryView>(`/api/v1/history?${query}`);
  output.show(view, () => {
    if (view.points.length === 0)
      output.line(`Nothing of ${view.thing}/${view.property} from ${view.from} to ${view.to}.`);
    else if (view.widthMs === 0) {
      output.table(
        ["TIME", "VALUE"],
        view.points.map(({ time, value }) => [time, formatValue(value as Json, undefined)]),
      );
    } else {
      output.table(
        ["FROM", "MIN", "MEAN", "MAX", "LAST", "READINGS"],
        view.points.map(({ count, last, max, mean, min, time }) => [
          time,
          ...[min, mean, max].map(number),
          formatValue(last as Json, undefined),
          String(count ?? 0),
        ]),
      );
    }
    const each = view.widthMs === 0 ? "readings" : `${formatDuration(view.widthMs)} each`;
    output.line(`${view.points.length} of ${view.read} (tier ${view.tier}, ${each})`);
    for (const { from, lostMs, reason, to } of view.gaps) {
      const lost =
        lostMs === undefined || lostMs === 0 ? "" : `, up to ${formatDuration(lostMs)} before it lost too`;
      output.line(`  ${output.style("yellow", "gap")}  ${from} to ${to ?? "now"}: ${REASONS[reason]}${lost}`);
    }
    if (view.damaged > 0) output.line(output.style("red", `${view.damaged} blocks of the file are damaged`));
  });
  return 0;
};

const REASONS: Readonly<Record<HistoryView["gaps"][number]["reason"], string>> = {
  bad: "the device sent what its description forbids",
  stale: "the device was away",
  large: "the value was too long to be kept",
  thinned: "to spare the flash, only minutes were kept",
  dropped: "there was no room",
  off: "the gateway was off",
  cut: "the gateway ended without a word",
  unknown: "the value was not known all the time",
};

/** `flash`: exit code 1 when more is written than the budget allows. */
export const flash: CommandBody = async (context) => {
  const { output } = context;
  const view = await (await DaemonClient.of(context)).get<FlashView>("/api/v1/flash");
  output.show(view, () => {
    const { budgetBytes, capBytes, history: past, kernelBytes, lastDay, lifeYears, perDay, verdict } = view;
    const colour = verdict === "ok" ? "green" : verdict === "thin" ? "red" : "yellow";
    output.line(
      `${output.style("bold", "flash")}  ${output.style(colour, megabytes(lastDay.total))} in the last ${lastDay.hours} h, ${megabytes(perDay)} a day; budget ${megabytes(budgetBytes)}, cap ${megabytes(capBytes)}`,
    );
    if (verdict !== "ok") output.line(`  ${output.style(colour, VERDICTS[verdict])}`);
    const since = view.sinceStart;
    const rows = Object.entries(lastDay.bytes).sort(([, a], [, b]) => b - a);
    output.table(
      ["WRITTEN BY", "LAST DAY", "SINCE START"],
      rows.map(([name, bytes]) => [name, megabytes(bytes), megabytes(since[name] ?? 0)]),
    );
    const total = Object.values(since).reduce((sum, bytes) => sum + bytes, 0);
    if (kernelBytes !== undefined) {
      output.line(
        `  the kernel counts ${megabytes(kernelBytes)} since the start, of ${megabytes(total)} here`,
      );
    }
    if (lifeYears !== undefined && view.mediumBytes !== undefined) {
      output.line(
        `  at this rate the flash lasts at most ${lifeYears} years: ${megabytes(view.mediumBytes)}, each block erased ${view.enduranceCycles} times, worn evenly; what flash translation and the file system write comes on top`,
      );
    }
    for (const { day, total: written } of view.days) output.line(`  ${day}  ${megabytes(written)}`);
    if (past === undefined) return;
    const kept = past.kept
      ? `${megabytes(past.bytes)} of ${past.properties} properties`
      : output.style("red", "in memory alone");
    output.line(
      `  history  ${kept}; ${past.waiting} readings in memory, a power cut costs at most ${formatDuration(past.windowMs)} of them${past.dropped > 0 ? `, ${past.dropped} dropped` : ""}`,
    );
  });
  return view.verdict === "ok" ? 0 : 1;
};

const VERDICTS = {
  "batch-longer": "over the budget: the history is written less often",
  thin: "over the cap: the history keeps minutes alone",
} as const;

function fileOf(out: string | boolean | undefined): NodeJS.WritableStream {
  return typeof out === "string" && out !== "-" ? createWriteStream(out, { mode: 0o600 }) : process.stdout;
}

function number(value: number | undefined): string {
  return value === undefined ? "–" : String(Number(value.toPrecision(6)));
}

function megabytes(bytes: number): string {
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
