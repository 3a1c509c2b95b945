import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { PRODUCT } from "@tram/protocol";
import { wholeFileBytes } from "../write-meter/write-meter.ts";
import { ConfigError } from "./config-error.ts";
import { loadConfig, parseConfig } from "./load.ts";
import type { Overrides } from "./overrides.ts";
import type { Settings } from "./settings.ts";

const FILE = "config.last-good.json";

/** A configuration as it was read. */
export interface ConfigSource {
  readonly text: string;
  /** Folder of the file that it came from: its relative paths mean the same again. */
  readonly folder: string;
}

export interface Chosen {
  readonly settings: Settings;
  /** What they were read from. */
  readonly source: ConfigSource;
  /** Text to keep as the last good one, once the gateway has started with it. */
  readonly candidate?: ConfigSource;
  /** Why the file was not used: the last good configuration runs instead. */
  readonly refused?: string;
}

/**
 * Chooses the configuration to run: the file, or, when it is broken, the last one that worked.
 * Where the last good one is kept depends on the data folder, which a broken file cannot tell: it is looked for in
 * `TRAM_DATA`, in what the broken file still says, and in the default place.
 * @throws {ConfigError} when the file is broken and there is no earlier good one.
 */
export function chooseConfig(file: string, overrides: Overrides): Chosen {
  const folder = dirname(resolve(file));
  try {
    const { settings, text } = loadConfig(file, overrides);
    const source = { text, folder };
    return { settings, source, candidate: source };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const data of dataFolders(file, folder, overrides)) {
      const earlier = readLastGood(data);
      if (earlier === undefined) continue;
      const name = `${PRODUCT.name} last good configuration`;
      const settings = parseConfig(earlier.text, { name, folder: earlier.folder }, { ...overrides, data });
      return { settings, source: earlier, refused: error.message };
    }
    throw error;
  }
}

/**
 * Keeps the configuration that the gateway has started with. It may hold passwords: readable by the owner alone.
 * @returns how many bytes that wrote.
 */
export function keepLastGood(data: string, candidate: ConfigSource): number {
  mkdirSync(data, { recursive: true, mode: 0o700 });
  const target = join(data, FILE);
  const text = JSON.stringify(candidate);
  if (readText(target) === text) return 0; // Flash is not written for nothing.
  writeFileSync(`${target}.new`, text, { mode: 0o600, flush: true });
  renameSync(`${target}.new`, target);
  return wholeFileBytes(Buffer.byteLength(text));
}

function readLastGood(data: string): ConfigSource | undefined {
  const text = readText(join(data, FILE));
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as ConfigSource;
  } catch {
    return undefined; // A torn copy is no copy; the error of the file itself is what the user must see.
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined; // Absent or unreadable: there is no earlier one.
  }
}

function dataFolders(file: string, folder: string, overrides: Overrides): readonly string[] {
  if (overrides.data !== undefined) return [resolve(overrides.data)];
  const named = /^data:[ \t]*["']?([^"'#\r\n]+?)["']?[ \t]*(?:#.*)?$/m.exec(readText(file) ?? "")?.[1];
  return [...(named === undefined ? [] : [resolve(folder, named)]), resolve(folder, "data")];
}
