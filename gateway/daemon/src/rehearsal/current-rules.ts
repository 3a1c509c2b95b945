import type { GatewayView, RuleFileView, RuleView } from "@tram/protocol";
import { type RuleSource, removeRule } from "@tram/rules";
import type { CommandContext } from "../cli/command.ts";
import { CommandFailed, UsageError } from "../cli/usage-error.ts";
import { gatewayOf } from "./known-things.ts";
import { readSources } from "./rule-folder.ts";

/** Rules, with the zone that their times are in. */
export interface CurrentRules {
  readonly sources: readonly RuleSource[];
  readonly timezone: string;
  /** Where the sun is asked for. */
  readonly place?: { readonly latitude: number; readonly longitude: number };
}

/**
 * The rules of a file or a folder, else those of the gateway that runs. The zone is `--timezone`, else the gateway's,
 * else the system's.
 * @throws {CommandFailed} when there are none to be had.
 */
export async function currentRules(context: CommandContext, path: string | undefined): Promise<CurrentRules> {
  const client = await gatewayOf(context);
  const { timezone: wanted } = context.options;
  const gateway = await client?.get<GatewayView>("/api/v1/gateway");
  const timezone =
    typeof wanted === "string"
      ? wanted
      : (gateway?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone);
  const head = { timezone, ...(placeOf(context.options.location) ?? placed(gateway)) };
  if (path !== undefined) return { sources: readSources(path), ...head };
  if (client === undefined)
    throw new CommandFailed("which rules? No gateway runs here: name a file or a folder");
  const { rules } = await client.get<{ rules: RuleView[] }>("/api/v1/rules");
  const sources: RuleSource[] = [];
  for (const file of new Set(rules.map((rule) => rule.file))) {
    const { text } = await client.get<RuleFileView>(`/api/v1/rule-files/${encodeURIComponent(file)}`);
    sources.push({ file, text });
  }
  return { sources, ...head };
}

function placed(gateway: GatewayView | undefined): Pick<CurrentRules, "place"> {
  return gateway?.place === undefined ? {} : { place: gateway.place };
}

function placeOf(option: string | boolean | undefined): Pick<CurrentRules, "place"> | undefined {
  if (option === undefined) return undefined;
  const [latitude = Number.NaN, longitude = Number.NaN, ...more] = String(option).split(",").map(Number);
  if (more.length === 0 && Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180) {
    return { place: { latitude, longitude } };
  }
  throw new UsageError(`--location: expected latitude,longitude such as 10.8,106.7, found ${String(option)}`);
}

/**
 * Lays changed rules over the current ones. A folder is all there is; a file takes the place of the file of its name,
 * and its rules that of rules with their ids.
 */
export function changedRules(
  current: readonly RuleSource[],
  { isFolder, sources, ids }: { isFolder: boolean; sources: readonly RuleSource[]; ids: readonly string[] },
): readonly RuleSource[] {
  if (isFolder) return sources;
  const names = new Set(sources.map(({ file }) => file));
  const rest = current
    .filter(({ file }) => !names.has(file))
    .map(({ file, text }) => {
      const left = ids.reduce((before, id) => {
        const without = removeRule(before, id);
        return without.ok ? without.text : before;
      }, text);
      return { file, text: left };
    });
  return [...rest, ...sources];
}
