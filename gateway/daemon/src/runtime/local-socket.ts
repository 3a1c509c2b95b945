import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import type { Server } from "node:http";
import { dirname } from "node:path";
import type { Log } from "@tram/core";
import type { GatewayView } from "@tram/protocol";
import { ConfigError } from "../config/config-error.ts";
import { answers } from "./answers.ts";
import { makeOwnFolder } from "./own-folder.ts";
import {
  dataLinkOf,
  RUNTIME_VARIABLE,
  refugeFolder,
  type SocketHome,
  servesData,
  socketIn,
} from "./places.ts";

/** The socket of the command line, once it listens. */
export interface LocalSocket extends Disposable {
  /** Where it is; `undefined` where no place could hold it, and the gateway runs without. */
  readonly path: string | undefined;
  /** That it is not where one would look first, and why. */
  readonly problems: GatewayView["problems"];
}

/**
 * Binds the Unix socket: in the runtime folder, else in the data folder, else in a folder of its own below the system's
 * temporary one. A gateway that cannot have its socket in one place still runs.
 * @throws {ConfigError} `data` when another gateway runs on this data folder.
 */
export async function openLocalSocket(server: Server, home: SocketHome, log: Log): Promise<LocalSocket> {
  const link = socketIn(home.data);
  const places = [
    ...(home.runtime === undefined ? [] : [socketIn(home.runtime)]),
    link,
    socketIn(refugeFolder(home.data)),
  ];
  for (const place of places) await refuseSecond(place, home);
  const refused: string[] = [];
  for (const place of places) {
    try {
      if (dirname(place) === refugeFolder(home.data)) makeOwnFolder(dirname(place));
      else mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
      makeRoom(place);
      await bind(server, place);
    } catch (error) {
      refused.push(`${place}: ${(error as Error).message}`);
      continue;
    }
    const problems = refused.length === 0 ? [] : [elsewhere(place, refused)];
    for (const { problem } of problems)
      log.warn({ socket: place, problem }, "the local socket lies elsewhere");
    if (place !== link) {
      point(link, place, log);
      point(dataLinkOf(place), home.data, log);
    }
    return { path: place, problems, [Symbol.dispose]: () => clear(place, home.data) };
  }
  const problem = `the command line and LuCI cannot reach this gateway: its socket could not be made (${refused.join("; ")})`;
  log.error({ problem }, "no local socket");
  return { path: undefined, problems: [{ code: "socket", where: link, problem }], [Symbol.dispose]() {} };
}

function elsewhere(place: string, refused: readonly string[]): GatewayView["problems"][number] {
  const problem = `the socket of the command line is here, because it could not be made where it belongs (${refused.join("; ")})`;
  return { code: "socket", where: place, problem };
}

/** @throws {ConfigError} when somebody answers there who runs on the same data, or in the same runtime folder. */
async function refuseSecond(place: string, { data, runtime }: SocketHome): Promise<void> {
  if ((await answers(place)) !== "yes") return;
  const found = `expected a folder of its own, found that another gateway runs on ${place}`;
  if (runtime !== undefined && place === socketIn(runtime)) {
    throw new ConfigError("data", `environment: ${RUNTIME_VARIABLE}: ${found}`);
  }
  // A link that came along when a data folder was copied leads to the gateway of the original: that one is another.
  if (servesData(place, data) !== false) throw new ConfigError("data", `data: ${found}`);
}

/** Removes what a dead gateway left there, and nothing else. */
function makeRoom(place: string): void {
  const found = lstatSync(place, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket() && !found.isSymbolicLink()) throw new Error("something else has this name");
  rmSync(place, { force: true });
}

function bind(server: Server, place: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(place, () => {
      server.off("error", reject);
      // The file's permission is the authority: its owner and group may do everything.
      chmodSync(place, 0o660);
      resolve();
    });
  });
}

/** Makes a link, or replaces one and what is left of a socket. It is a convenience: where it cannot be, it is not. */
function point(link: string, target: string, log: Log): void {
  try {
    if (readLink(link) === target) return;
    const found = lstatSync(link, { throwIfNoEntry: false });
    if (found !== undefined && !found.isSocket() && !found.isSymbolicLink()) {
      log.warn({ link, target }, "no link to the local socket: something else has its name");
      return;
    }
    rmSync(`${link}.new`, { force: true });
    symlinkSync(target, `${link}.new`);
    renameSync(`${link}.new`, link);
  } catch (error) {
    log.debug({ link, target, reason: (error as Error).message }, "no link to the local socket");
  }
}

/** Takes away what leads to the socket, as far as it still is this gateway's. */
function clear(place: string, data: string): void {
  const link = socketIn(data);
  if (place === link) return;
  for (const [path, target] of [
    [link, place],
    [dataLinkOf(place), data],
  ] as const) {
    attempt(() => readLink(path) === target && rmSync(path));
  }
  if (dirname(place) === refugeFolder(data)) attempt(() => rmdirSync(dirname(place)));
}

/** What cannot be taken away now, the next start replaces. */
function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // A folder that cannot be written, or is not empty.
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // Not there, or not a link.
  }
}
