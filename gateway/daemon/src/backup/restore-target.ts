import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { loadConfig, parseYaml } from "../config/load.ts";
import type { Overrides } from "../config/overrides.ts";
import { absolutePaths } from "../config/paths.ts";
import { OPENWRT_FILES } from "../config/uci/openwrt-files.ts";
import { RENDERED_CONFIG } from "../runtime/places.ts";
import type { Inspected } from "./read-backup.ts";
import type { RestorePlan } from "./restore-plan.ts";

/** Where a backup goes on this machine. */
export interface RestoreTarget {
  /** Data folder, absolute. */
  readonly data: string;
  readonly rulesDir: string;
  /** What of it goes elsewhere, in the order in which it is written. */
  readonly outside: RestorePlan["outside"];
  /** The configuration that will be in force; absent where OpenWrt makes it at the next start. */
  readonly config?: string;
}

export interface TargetWish {
  /** `--config`: where the configuration goes. */
  readonly config: string | undefined;
  /** This machine's configuration stays. */
  readonly keepConfig: boolean;
  /** `--data` or `TRAM_DATA`: wins over what the configuration says. */
  readonly data: string | undefined;
  readonly overrides: Overrides;
}

/** Files of a machine's configuration; others in tests. */
export interface ConfigFiles {
  readonly uci: string;
  readonly base: string;
  readonly rendered: string;
}

const HERE: ConfigFiles = { ...OPENWRT_FILES, rendered: RENDERED_CONFIG };

/**
 * Decides where a backup goes: its configuration to where this machine has its own, the rest to where that says.
 * On OpenWrt the UCI file and the YAML file below it come back as they were. A backup of another system has no UCI: its
 * configuration becomes the YAML file, and what UCI says here goes on winning over it. A backup of OpenWrt on another
 * system brings the configuration that UCI and YAML made together.
 * @throws {ConfigError} when this machine's configuration shall stay, and is not sound.
 */
export function restoreTarget(
  inspected: Inspected,
  wish: TargetWish,
  files: ConfigFiles = HERE,
): RestoreTarget {
  const { configs, manifest } = inspected;
  const data = wish.data === undefined ? undefined : resolve(wish.data);
  if (wish.keepConfig) {
    const config = wish.config ?? (existsSync(files.rendered) ? files.rendered : files.base);
    const { settings } = loadConfig(config, wish.overrides);
    return { data: data ?? settings.data, rulesDir: settings.rulesDir, outside: [], config };
  }
  const named = manifest.entries.map(({ name }) => name).filter((name) => name.startsWith("config/files/"));
  const beside = (config: string): RestorePlan["outside"] =>
    named.map((from) => ({ from, to: join(dirname(config), from.slice("config/files/".length)) }));

  if (wish.config === undefined && existsSync(files.uci) && configs.has("config/uci")) {
    const base = configs.has("config/base.yaml") ? [{ from: "config/base.yaml", to: files.base }] : [];
    const outside = [...beside(files.base), ...base, { from: "config/uci", to: files.uci }];
    return { data: data ?? manifest.paths.data, rulesDir: manifest.paths.rules, outside };
  }
  const config = resolve(wish.config ?? files.base);
  const text = configs.get("config/in-force.yaml");
  const outside = [
    ...beside(config),
    ...(text === undefined ? [] : [{ from: "config/in-force.yaml", to: config }]),
  ];
  const said = foldersOf(text ?? "", dirname(config));
  return { data: data ?? said.data, rulesDir: said.rulesDir, outside, config };
}

/** What a configuration says of the two folders, though it may not be sound here (yet). */
function foldersOf(text: string, folder: string): { readonly data: string; readonly rulesDir: string } {
  const document = absolutePaths(parseYaml(text, "configuration"), folder) as {
    readonly data?: unknown;
    readonly rules?: { readonly dir?: unknown };
  };
  const { data, rules } = document;
  const dir = rules?.dir;
  return {
    data: typeof data === "string" ? data : join(folder, "data"),
    rulesDir: typeof dir === "string" ? dir : join(folder, "rules"),
  };
}
