import { lstatSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { PRODUCT } from "@tram/protocol";
import { ConfigError } from "../config/config-error.ts";
import { readOverrides } from "../config/overrides.ts";
import { answers } from "../runtime/answers.ts";
import { DEFAULT_RUNTIME, refugeFolder, servesData, socketIn } from "../runtime/places.ts";
import { type CommandContext, defaultConfig } from "./command.ts";
import { CommandFailed } from "./usage-error.ts";

/**
 * Finds the socket of the running gateway. By its data folder, when `--data` or `TRAM_DATA` names it: there, or where
 * the gateway had to put it instead. Else in the runtime folder, else by what the configuration says.
 * @param runtimes where a runtime folder may be, when the environment names none.
 * @returns the first that answers; else the one where it should be, for the error that names it.
 * @throws {CommandFailed} when nothing tells which gateway is meant.
 */
export async function findSocket(
  context: CommandContext,
  runtimes: readonly string[] = [DEFAULT_RUNTIME],
): Promise<string> {
  const { data } = context.options;
  const overrides = readOverrides(context.environment);
  const folders = overrides.runtime === undefined ? runtimes : [overrides.runtime];
  const named = typeof data === "string" ? data : overrides.data;
  if (named !== undefined) return ofData(resolve(named), folders);
  for (const folder of folders) {
    if ((await answers(socketIn(folder))) !== "no") return socketIn(folder);
  }
  const configured = await configuredData(context);
  if (typeof configured === "string") return ofData(configured, folders);
  if (overrides.runtime !== undefined) return socketIn(overrides.runtime);
  throw configured;
}

/** The socket of the gateway of a data folder. */
async function ofData(data: string, runtimes: readonly string[]): Promise<string> {
  const first = socketIn(data);
  if ((await answers(first)) !== "no") return first;
  for (const folder of runtimes) {
    const place = socketIn(folder);
    if (servesData(place, data) === true && (await answers(place)) !== "no") return place;
  }
  const refuge = socketIn(refugeFolder(data));
  if (mayBelieve(refuge, data) && (await answers(refuge)) !== "no") return refuge;
  return first;
}

/** In a folder where everybody may write, somebody else may pose as the gateway. */
function mayBelieve(refuge: string, data: string): boolean {
  const found = lstatSync(dirname(refuge), { throwIfNoEntry: false });
  if (found?.isDirectory() !== true || (found.mode & 0o002) !== 0) return false;
  // The gateway's user is this one, root, or whose the data is.
  return [0, process.getuid?.(), lstatSync(data, { throwIfNoEntry: false })?.uid].includes(found.uid);
}

async function configuredData(context: CommandContext): Promise<string | CommandFailed> {
  const { config } = context.options;
  const file = typeof config === "string" ? config : defaultConfig();
  const { loadConfig } = await import("../config/load.ts"); // Validators cost 100 ms: only when they are needed.
  try {
    return loadConfig(file, readOverrides(context.environment)).settings.data;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const variable = `${PRODUCT.environmentPrefix}_DATA`;
    return new CommandFailed(
      `which gateway? Set ${variable} to its data folder, or give --data (${error.message})`,
    );
  }
}
