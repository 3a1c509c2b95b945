import { dirname, join, resolve } from "node:path";
import { PRODUCT, show } from "@tram/protocol";
import { stringify } from "yaml";
import { checkConfig, isTimezone } from "../check.ts";
import { ConfigError } from "../config-error.ts";
import { CONFIG_LIMIT_BYTES, parseYaml, problemLine } from "../load.ts";
import type { Overrides } from "../overrides.ts";
import { readSmallFile } from "../read-file.ts";
import { Config, type ConfigDocument } from "../schema.ts";
import { completeSettings, type Settings } from "../settings.ts";
import { OPENWRT_FILES } from "./openwrt-files.ts";
import { overlay } from "./overlay.ts";
import { parseUci } from "./parse-uci.ts";
import { renderedHead } from "./rendered-head.ts";
import { UCI_LIMITS, type UciSection } from "./section.ts";

/** Beside the system, which an upgrade replaces, where there is room for it. */
const DEFAULT_DATA = `/srv/${PRODUCT.name}`;

/** Defaults that are others on OpenWrt than elsewhere, as the reference tells them, by key of the configuration. */
export const OPENWRT_DEFAULTS: ReadonlyMap<string, string> = new Map([
  ["data", `\`${DEFAULT_DATA}\``],
  ["rules.dir", `\`${dirname(OPENWRT_FILES.base)}/rules\``],
  ["gateway.timezone", "the system's"],
]);

export interface RenderFiles {
  /** The UCI file of the gateway. It must be there. */
  readonly uci: string;
  /** The YAML file below it. It may be missing; relative paths start in its folder in any case. */
  readonly base: string;
  /** The UCI file with the system's time zone. It may be missing. */
  readonly system: string;
}

export interface Rendered {
  /** YAML that the gateway takes; all paths are absolute. */
  readonly text: string;
  readonly document: object;
  readonly settings: Settings;
  /** What was passed over, one line each. */
  readonly notes: readonly string[];
}

/**
 * Makes the gateway's configuration out of UCI, the YAML file below it, and what OpenWrt knows of itself.
 * @throws {ConfigError} with one line for each thing that is wrong, with its UCI path or its YAML path.
 */
export function renderConfig(files: RenderFiles, overrides: Overrides = {}): Rendered {
  const folder = dirname(resolve(files.base));
  const unreadable: string[] = [];
  const sections = collect(unreadable, () => readSections(files.uci)) ?? [];
  const base = collect(unreadable, () => readBase(files.base));
  if (unreadable.length > 0) throw new ConfigError("config", unreadable);

  const laid = overlay(base, sections);
  const notes: string[] = [];
  const document = withDefaults(laid.document, folder, () => systemZone(files.system, notes));
  const checked = checkConfig(document, folder);
  const problems = laid.problems.map(({ path, problem }) => `${path}: ${problem}`);
  if ("document" in checked && problems.length === 0) {
    const text = yamlText(checked.document, files);
    return {
      text,
      document: checked.document,
      settings: completeSettings(checked, folder, overrides),
      notes,
    };
  }
  for (const found of "document" in checked ? [] : checked) {
    const path = laid.uciPath(found.path);
    if (path === undefined) problems.push(problemLine(files.base, found));
    else if (!laid.reported.has(path)) problems.push(`${path}: ${found.problem}`);
  }
  throw new ConfigError("config", problems);
}

/** Runs `read`; what it throws for people goes to `problems`. */
function collect<T>(problems: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push(...error.problems);
    return undefined;
  }
}

/**
 * Reads the sections of a UCI file.
 * @throws {ConfigError} with the line of each problem.
 */
function readSections(file: string): readonly UciSection[] {
  const bytes = readSmallFile(file, UCI_LIMITS.bytes);
  if ("found" in bytes) {
    throw new ConfigError("config", `${file}: expected a readable UCI file, found ${bytes.found}`);
  }
  const { sections, problems } = parseUci(bytes);
  if (problems.length === 0) return sections;
  throw new ConfigError(
    "config",
    problems.map(({ line, problem }) => `${line === undefined ? file : `${file}:${line}`}: ${problem}`),
  );
}

function readBase(file: string): unknown {
  const bytes = readSmallFile(file, CONFIG_LIMIT_BYTES);
  if (!("found" in bytes)) return parseYaml(bytes.toString("utf8"), file);
  if (bytes.code === "ENOENT") return {};
  throw new ConfigError("config", `${file}: expected a readable YAML file, found ${bytes.found}`);
}

/** The system's time zone. A gateway does not stay dark because of it: what cannot be used is passed over. */
function systemZone(file: string, notes: string[]): string | undefined {
  const bytes = readSmallFile(file, UCI_LIMITS.bytes);
  if ("found" in bytes) {
    if (bytes.code !== "ENOENT") notes.push(`${file}: expected a readable UCI file, found ${bytes.found}`);
    return undefined;
  }
  const system = parseUci(bytes).sections.find(({ type }) => type === "system");
  const name = system?.options.get("zonename");
  if (typeof name !== "string") return undefined;
  // LuCI writes the names as people read them.
  const zone = name.replaceAll(" ", "_");
  if (isTimezone(zone)) return zone;
  notes.push(
    `system.@system[0].zonename: expected a known IANA time zone, found ${show(name)}: it is not used`,
  );
  return undefined;
}

/** What is meant on OpenWrt where neither UCI nor the base says anything. */
function withDefaults(document: unknown, folder: string, zone: () => string | undefined): unknown {
  if (!isObject(document)) return document;
  const { data = DEFAULT_DATA, rules = {}, gateway = {} } = document;
  const timezone = isObject(gateway) && gateway.timezone === undefined ? zone() : undefined;
  return {
    ...document,
    ...(timezone === undefined ? {} : { gateway: { ...(gateway as object), timezone } }),
    data,
    rules: isObject(rules) ? { dir: join(folder, "rules"), ...rules } : rules,
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function yamlText(document: ConfigDocument, { uci, base }: RenderFiles): string {
  const known = Object.keys(Config.properties).filter((key) => Object.hasOwn(document, key));
  const ordered = Object.fromEntries(known.map((key) => [key, (document as Record<string, unknown>)[key]]));
  const head = renderedHead(uci, base);
  let text: string;
  try {
    text = head + stringify(ordered, { schema: "core", lineWidth: 0 });
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new ConfigError("config", `${base}: expected settings of modules in fewer levels`, { cause });
  }
  const length = Buffer.byteLength(text);
  if (length <= CONFIG_LIMIT_BYTES) return text;
  throw new ConfigError(
    "config",
    `${uci} and ${base}: expected at most ${CONFIG_LIMIT_BYTES} bytes together, found ${length}`,
  );
}
