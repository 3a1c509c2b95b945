import { dirname, resolve } from "node:path";
import type { SchemaProblem } from "@tram/protocol";
import { isScalar, LineCounter, parseDocument } from "yaml";
import { checkConfig, type SoundConfig } from "./check.ts";
import { ConfigError } from "./config-error.ts";
import type { Overrides } from "./overrides.ts";
import { readSmallFile } from "./read-file.ts";
import type { ConfigDocument } from "./schema.ts";
import { completeSettings, type Settings } from "./settings.ts";

/** A configuration larger than this is a mistake. In bytes. */
export const CONFIG_LIMIT_BYTES = 1_048_576;
/** The parser compares each key of a map with all others: 20,000 keys would take it ten seconds. */
const MAX_KEY_COMPARISONS = 200_000;

/**
 * Reads, validates and completes a configuration file.
 * @throws {ConfigError} with one line: file, path, what was expected, what was found.
 */
export function loadConfig(file: string, overrides: Overrides): { settings: Settings; text: string } {
  const text = readConfigText(file);
  return { settings: parseConfig(text, { name: file, folder: dirname(resolve(file)) }, overrides), text };
}

/**
 * Reads and validates a configuration file as it stands there, its paths made absolute.
 * @throws {ConfigError}
 */
export function loadDocument(file: string): ConfigDocument {
  return soundConfig(readConfigText(file), { name: file, folder: dirname(resolve(file)) }).document;
}

function readConfigText(file: string): string {
  const bytes = readSmallFile(file, CONFIG_LIMIT_BYTES);
  if ("found" in bytes) {
    throw new ConfigError("config", [`${file}: expected a readable YAML file, found ${bytes.found}`]);
  }
  return bytes.toString("utf8");
}

/**
 * Validates a configuration that is already read. `name` stands in error lines, `folder` resolves its paths.
 * @throws {ConfigError}
 */
export function parseConfig(
  text: string,
  file: { name: string; folder: string },
  overrides: Overrides,
): Settings {
  return completeSettings(soundConfig(text, file), file.folder, overrides);
}

function soundConfig(text: string, file: { name: string; folder: string }): SoundConfig {
  const checked = checkConfig(parseYaml(text, file.name), file.folder);
  if ("document" in checked) return checked;
  throw new ConfigError(
    "config",
    checked.map((problem) => problemLine(file.name, problem)),
  );
}

/** `tram.yaml: mqtt.port: expected …` */
export function problemLine(name: string, { path, problem }: SchemaProblem): string {
  return path === "" ? `${name}: ${problem}` : `${name}: ${path}: ${problem}`;
}

/**
 * Parses YAML 1.2, core schema. An empty text is a gateway with nothing but defaults.
 * @param aliases so many times what an alias stands for may be written: a text of others' is small, and unfolds into a large one.
 * @throws {ConfigError} with the place.
 */
export function parseYaml(text: string, name: string, aliases = 50): unknown {
  const lines = new LineCounter();
  let comparisons = 0;
  try {
    const yaml = parseDocument(text, {
      lineCounter: lines,
      schema: "core",
      prettyErrors: false,
      logLevel: "error",
      uniqueKeys: (one, other) => {
        if (++comparisons > MAX_KEY_COMPARISONS) throw new RangeError("a map has too many keys");
        return isScalar(one) && isScalar(other) && one.value === other.value;
      },
    });
    const [error] = yaml.errors;
    if (error === undefined) return yaml.toJS({ maxAliasCount: aliases }) ?? {};
    const { line, col } = lines.linePos(error.pos[0]);
    throw new ConfigError("config", [`${name}:${line}:${col}: expected YAML, found: ${saying(error)}`]);
  } catch (cause) {
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError("config", [`${name}: expected YAML, found: ${saying(cause as Error)}`], { cause });
  }
}

/** The parser's sentence without the piece of the file that it quotes: a password may begin with `*` or `!`. */
function saying({ message }: Error): string {
  // It goes down by recursion.
  if (message.includes("call stack")) return "too many levels";
  return message.replace(/(?::[ \n]|\n).*$/s, "");
}
