import { createHash } from "node:crypto";
import { readlinkSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PRODUCT } from "@tram/protocol";

/** Where OpenWrt's init script makes the runtime folder. */
export const DEFAULT_RUNTIME = `/var/run/${PRODUCT.name}`;

/** The configuration in force where UCI is rendered over the user's file. */
export const RENDERED_CONFIG = `${DEFAULT_RUNTIME}/${PRODUCT.name}.yaml`;

/** A copy of the UCI file that it was made of: the file itself is root's. */
export const RENDERED_UCI = `${DEFAULT_RUNTIME}/${PRODUCT.name}.uci`;

/** Names the runtime folder in the environment of the gateway and of the command line. */
export const RUNTIME_VARIABLE = `${PRODUCT.environmentPrefix}_RUNTIME`;

const SOCKET = `${PRODUCT.name}.sock`;
/** In a runtime folder: a link to the data folder of the gateway whose socket lies beside it. */
const DATA_LINK = "data";

/** What decides where the local socket may lie. */
export interface SocketHome {
  /** Absolute path of the data folder. */
  readonly data: string;
  /** Absolute path of the runtime folder, where the environment names one (`TRAM_RUNTIME`). */
  readonly runtime?: string | undefined;
}

export function socketIn(folder: string): string {
  return join(folder, SOCKET);
}

export function dataLinkOf(socket: string): string {
  return join(dirname(socket), DATA_LINK);
}

/**
 * The folder that stands in where neither the runtime folder nor the data folder can be written. Its name follows from
 * that of the data folder, so that the command line finds it without being told.
 */
export function refugeFolder(data: string): string {
  const name = createHash("sha256").update(data).digest("hex").slice(0, 12);
  return join(tmpdir(), `${PRODUCT.name}-${name}`);
}

/** Whether a socket belongs to the gateway of a data folder; `undefined` when nothing there tells. */
export function servesData(socket: string, data: string): boolean | undefined {
  try {
    // The socket's own folder, when it is reached over a link.
    const told = readlinkSync(dataLinkOf(realpathSync(socket)));
    return realOrSame(told) === realOrSame(data);
  } catch {
    return undefined; // No link: a socket in a data folder, or not a gateway's.
  }
}

function realOrSame(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // Not there (any more): then its name is all there is to compare.
  }
}
