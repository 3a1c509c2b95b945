import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findSocket } from "../cli/find-socket.ts";
import { answers } from "./answers.ts";
import { openLocalSocket } from "./local-socket.ts";
import { isOwnFolder, makeOwnFolder } from "./own-folder.ts";
import { refugeFolder, type SocketHome, socketIn } from "./places.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

let root: string;
const servers: Server[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tram-socket-"));
});

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  rmSync(refugeFolder(join(root, "data")), { recursive: true, force: true });
  rmSync(root, { recursive: true, force: true });
});

function folder(name: string): string {
  const path = join(root, name);
  mkdirSync(path, { recursive: true });
  return path;
}

async function open(home: SocketHome) {
  const server = createServer();
  servers.push(server);
  const socket = await openLocalSocket(server, home, silent);
  const close = async (): Promise<void> => {
    await new Promise((resolve) => server.close(resolve));
    socket[Symbol.dispose]();
  };
  return { ...socket, close };
}

/** What `tram` on the command line would use. */
function found(options: { data?: string }, environment: Record<string, string>, runtimes: string[] = []) {
  const context = { args: [], options, environment, output: undefined as never };
  return findSocket(context, runtimes);
}

/** Leaves a socket as a killed process does. */
async function leaveStale(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(`${path}.made`, resolve));
  // Renamed, it is not removed with its server.
  renameSync(`${path}.made`, path);
  await new Promise((resolve) => server.close(resolve));
  expect([lstatSync(path).isSocket(), await answers(path)]).toEqual([true, "no"]);
}

describe("the local socket", () => {
  test("lies in the data folder, for its owner and group", async () => {
    const data = folder("data");
    const socket = await open({ data });
    expect(socket).toMatchObject({ path: join(data, "tram.sock"), problems: [] });
    expect(statSync(join(data, "tram.sock")).mode & 0o777).toBe(0o660);
    expect(await found({ data }, {})).toBe(join(data, "tram.sock"));
    await socket.close();
    expect(existsSync(join(data, "tram.sock"))).toBe(false);
  });

  test("lies in the runtime folder where there is one, and the data folder leads there", async () => {
    const [data, runtime] = [folder("data"), join(root, "run")];
    const socket = await open({ data, runtime });
    expect(socket).toMatchObject({ path: join(runtime, "tram.sock"), problems: [] });
    expect(statSync(join(runtime, "tram.sock")).mode & 0o777).toBe(0o660);
    expect(readlinkSync(join(data, "tram.sock"))).toBe(join(runtime, "tram.sock"));
    expect(await answers(join(data, "tram.sock"))).toBe("yes");
    expect(await found({}, { TRAM_RUNTIME: runtime })).toBe(join(runtime, "tram.sock"));
    expect(await found({}, {}, [runtime])).toBe(join(runtime, "tram.sock"));
    await socket.close();
    for (const left of ["run/tram.sock", "run/data", "data/tram.sock"]) {
      expect(lstatSync(join(root, left), { throwIfNoEntry: false }), left).toBeUndefined();
    }
  });

  test("takes the place of what a killed gateway left: a socket, a link into nothing", async () => {
    const [data, runtime] = [folder("data"), folder("run")];
    await leaveStale(join(data, "tram.sock"));
    await leaveStale(join(runtime, "tram.sock"));
    symlinkSync("/nowhere", join(runtime, "data"));
    const socket = await open({ data, runtime });
    expect(socket).toMatchObject({ path: join(runtime, "tram.sock"), problems: [] });
    expect(readlinkSync(join(data, "tram.sock"))).toBe(join(runtime, "tram.sock"));
    expect(readlinkSync(join(runtime, "data"))).toBe(data);
    await socket.close();
    symlinkSync(join(root, "nowhere/tram.sock"), join(data, "tram.sock"));
    expect(await open({ data })).toMatchObject({ path: join(data, "tram.sock"), problems: [] });
  });

  test("removes nothing that is no socket: it lies elsewhere then, and says so", async () => {
    const [data, runtime] = [folder("data"), folder("run")];
    writeFileSync(join(runtime, "tram.sock"), "somebody's file");
    const socket = await open({ data, runtime });
    expect(socket.path).toBe(join(data, "tram.sock"));
    expect(socket.problems).toEqual([
      {
        code: "socket",
        where: join(data, "tram.sock"),
        problem: expect.stringMatching(
          /could not be made where it belongs \(.*run\/tram\.sock: something else/,
        ),
      },
    ]);
    expect(await found({ data }, { TRAM_RUNTIME: runtime })).toBe(join(data, "tram.sock"));
  });

  test("lies below the temporary folder when no other place holds it, and the command line finds it", async () => {
    const data = join(root, "data");
    writeFileSync(data, "a file");
    const socket = await open({ data });
    const place = socketIn(refugeFolder(data));
    expect(socket).toMatchObject({ path: place, problems: [{ code: "socket", where: place }] });
    expect(statSync(refugeFolder(data)).mode & 0o777).toBe(0o700);
    expect(await found({ data }, {})).toBe(place);
    await socket.close();
    expect(existsSync(refugeFolder(data))).toBe(false);
    expect(await found({ data }, {}), "what should be there, for the error").toBe(join(data, "tram.sock"));
  });

  test("with a runtime folder it is found by the data folder too, though that cannot hold the link", async () => {
    const [data, runtime] = [join(root, "data"), folder("run")];
    writeFileSync(data, "a file");
    await open({ data, runtime });
    expect(await found({ data }, { TRAM_RUNTIME: runtime })).toBe(join(runtime, "tram.sock"));
    expect(await found({ data }, {}, [runtime])).toBe(join(runtime, "tram.sock"));
    expect(await found({ data: join(root, "other") }, {}, [runtime])).toBe(join(root, "other/tram.sock"));
  });

  test("a gateway that runs on the same data, or in the same runtime folder, is not disturbed", async () => {
    const [data, runtime, other] = [folder("data"), folder("run"), folder("other")];
    const first = await open({ data, runtime });
    for (const home of [{ data }, { data, runtime: folder("run2") }, { data: other, runtime }]) {
      await expect(open(home)).rejects.toThrow(/another gateway runs on/);
    }
    expect(await answers(first.path ?? "")).toBe("yes");
  });

  test("a link that came along with a copy of the data folder is replaced", async () => {
    const [data, runtime, copy] = [folder("data"), folder("run"), folder("copy")];
    const original = await open({ data, runtime });
    symlinkSync(join(runtime, "tram.sock"), join(copy, "tram.sock"));
    const second = await open({ data: copy });
    expect(second).toMatchObject({ path: join(copy, "tram.sock"), problems: [] });
    expect(lstatSync(join(copy, "tram.sock")).isSocket()).toBe(true);
    expect(await answers(original.path ?? "")).toBe("yes");
  });
});

describe("a folder below the temporary one", () => {
  test("is not taken when somebody else may write it, or when it is a link", () => {
    const own = join(root, "own");
    makeOwnFolder(own);
    makeOwnFolder(own);
    expect(isOwnFolder(own)).toBe(true);
    symlinkSync(own, join(root, "link"));
    mkdirSync(join(root, "open"));
    chmodSync(join(root, "open"), 0o777);
    for (const name of ["link", "open"]) {
      expect(() => makeOwnFolder(join(root, name)), name).toThrow(/belongs to user/);
    }
  });
});

test("the command line believes nobody who waits in a folder that everybody may write", async () => {
  const data = join(root, "data");
  mkdirSync(refugeFolder(data), { mode: 0o777 });
  chmodSync(refugeFolder(data), 0o777);
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(socketIn(refugeFolder(data)), resolve));
  connect(socketIn(refugeFolder(data))).destroy();
  expect(await found({ data }, {})).toBe(join(data, "tram.sock"));
});
