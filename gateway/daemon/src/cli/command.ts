import { existsSync } from "node:fs";
import { PRODUCT } from "@tram/protocol";
import { RENDERED_CONFIG } from "../runtime/places.ts";
import type { Output } from "./output.ts";

/** What is in force where UCI is rendered over the user's file; else the user's file. */
const CONFIG_PLACES = [RENDERED_CONFIG, `/etc/${PRODUCT.name}/${PRODUCT.name}.yaml`] as const;

/** For the help. */
const DEFAULT_CONFIG_HELP = `${CONFIG_PLACES[0]} where it is, else ${CONFIG_PLACES[1]}`;

/** The configuration file when none is named. */
export function defaultConfig(exists: (file: string) => boolean = existsSync): string {
  const [rendered, own] = CONFIG_PLACES;
  return exists(rendered) ? rendered : own;
}

/** An option as `parseArgs` of Node takes it, with words for help and completion. */
export interface OptionSpec {
  readonly type: "string" | "boolean";
  readonly short?: string;
  /** Name of the value in the help. */
  readonly value?: string;
  readonly help: string;
  /** It may be there several times: its values come in lines. */
  readonly repeats?: true;
}

export interface CommandContext {
  readonly args: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly output: Output;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** One verb of the CLI. The table of them is the help and the shell completion. */
export interface CliCommand {
  /** `rules list` */
  readonly name: string;
  /** `ID PROP VALUE`, optional ones in brackets. */
  readonly args?: string;
  readonly summary: string;
  readonly options?: Readonly<Record<string, OptionSpec>>;
  readonly minArgs?: number;
  readonly maxArgs?: number;
  /**
   * Loads what the command does, which returns the exit code. Loaded when it is called: most commands ask the daemon
   * and need little, and a shell should not wait for the rest.
   */
  load(): Promise<CommandBody>;
}

export type CommandBody = (context: CommandContext) => Promise<number>;

/** Options of every command. */
export const COMMON_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  json: { type: "boolean", help: "answer with JSON, for programs" },
  data: {
    type: "string",
    value: "DIR",
    help: "data folder of the gateway (default: TRAM_DATA, or what the config says)",
  },
  help: { type: "boolean", short: "h", help: "show this help" },
};

/** Of commands that read the configuration. */
export const CONFIG_OPTION: Readonly<Record<string, OptionSpec>> = {
  config: {
    type: "string",
    short: "c",
    value: "FILE",
    help: `configuration file (default: ${DEFAULT_CONFIG_HELP})`,
  },
};
