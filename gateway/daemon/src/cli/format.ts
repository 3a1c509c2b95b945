import {
  type DataSchema,
  formatDuration,
  type Json,
  type PropertyView,
  type ThingView,
} from "@tram/protocol";
import type { Output } from "./output.ts";

/** A value with its unit, as people read it. */
export function formatValue(value: Json | undefined, schema: DataSchema | undefined): string {
  if (value === undefined || value === null) return "–";
  if (typeof value === "boolean" && schema?.labels !== undefined)
    return schema.labels[value ? 1 : 0] ?? String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return schema?.unit === undefined ? text : `${text} ${schema.unit}`;
}

export function formatAge(time: string, now: number): string {
  const age = now - Date.parse(time);
  return age < 1_000 ? "now" : `${formatDuration(age)} ago`;
}

export function styleQuality(output: Output, view: Pick<PropertyView, "quality" | "problem">): string {
  if (view.quality === "good") return output.style("green", "good");
  if (view.quality === "stale") return output.style("yellow", "stale");
  return output.style("red", view.problem === undefined ? "bad" : `bad: ${view.problem}`);
}

export function styleAvailability(output: Output, availability: ThingView["availability"]): string {
  if (availability === "ready") return output.style("green", availability);
  return output.style(availability === "lost" ? "red" : "yellow", availability);
}
