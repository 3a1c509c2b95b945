import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { readAddress } from "./address.ts";
import { type LinkState, LiveLink } from "./live-link.ts";
import type { LiveMessage } from "./live-message.ts";
import { ManualTimers } from "./testing/manual-timers.ts";
import { until } from "./testing/until.ts";

const GATEWAY = { id: "house", clock: "synced", problems: [] };
const SNAPSHOT = JSON.stringify({ type: "snapshot", seq: 7, gateway: GATEWAY, things: [] });
const delta = (seq: number): string => JSON.stringify({ type: "delta", seq, changes: [] });

const open: { close(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

async function serve(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  return (server.address() as AddressInfo).port;
}

/** A gateway that says what the test wants. */
async function fakeGateway(onSocket: (socket: WebSocket, authorization: string | undefined) => void) {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (socket, request) => onSocket(socket, request.headers.authorization));
  return await serve(http);
}

function link(port: number) {
  const read = readAddress(`http://127.0.0.1:${port}`);
  if (!read.ok) throw new Error(read.problem);
  const timers = new ManualTimers();
  const states: LinkState[] = [];
  const messages: LiveMessage[] = [];
  const live = new LiveLink({
    address: read.address,
    token: "t".repeat(43),
    timers,
    random: () => 1,
    onMessage: (message) => messages.push(message),
    onState: (state) => states.push(state),
  });
  open.push({ close: () => live[Symbol.dispose]() });
  live.open();
  const codes = (): string[] => states.map((state) => (state.state === "offline" ? state.code : state.state));
  return { live, timers, messages, codes };
}

test("it brings its token, and is online with the first snapshot", async () => {
  const seen: (string | undefined)[] = [];
  const port = await fakeGateway((socket, authorization) => {
    seen.push(authorization);
    socket.send(SNAPSHOT);
    socket.send(delta(8));
  });
  const { codes, messages } = link(port);
  await until(() => messages.length === 2);
  expect(codes()).toEqual(["online"]);
  expect(seen).toEqual([`Bearer ${"t".repeat(43)}`]);
});

test.each<[string, string, (socket: WebSocket) => void]>([
  ["a gap", "gap", (socket) => socket.send(delta(9))],
  ["a number twice", "gap", (socket) => socket.send(delta(7))],
  ["no JSON", "not-understood", (socket) => socket.send("hello")],
  ["bytes", "not-understood", (socket) => socket.send(Buffer.from(delta(8)))],
  [
    "a message without end",
    "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
    (socket) => socket.send("x".repeat(34_000_000)),
  ],
  ["a close", "closed-1001", (socket) => socket.close(1001, "the gateway stops")],
  ["a token that was taken back", "sign-in-needed", (socket) => socket.close(4401, "sign in")],
])("%s ends the connection, and the next one begins anew after a pause", async (_what, code, act) => {
  let connections = 0;
  const port = await fakeGateway((socket) => {
    connections++;
    socket.on("error", () => undefined);
    socket.send(SNAPSHOT, () => {
      if (connections === 1) act(socket);
    });
  });
  const { codes, timers } = link(port);
  await until(() => codes().length === 2, 10_000);
  expect(codes()[1]).toBe(code);
  timers.advance(999);
  expect(connections).toBe(1);
  timers.advance(1);
  await until(() => codes().length === 3);
  expect(codes()[2]).toBe("online");
});

test("a gateway that says nothing any more is left, one that pings is not", async () => {
  let socket: WebSocket | undefined;
  const port = await fakeGateway((each) => {
    socket = each;
    each.send(SNAPSHOT);
  });
  const { codes, timers } = link(port);
  await until(() => codes().length === 1);
  const ping = (): Promise<void> =>
    new Promise((resolve) => {
      socket?.once("pong", () => resolve());
      socket?.ping();
    });
  for (let minutes = 0; minutes < 5; minutes++) {
    timers.advance(60_000);
    await ping();
  }
  expect(codes()).toEqual(["online"]);
  timers.advance(75_001);
  await until(() => codes().length === 2);
  expect(codes()[1]).toBe("silent");
});

test("who is no gateway is refused: another web server, one that redirects, one that breaks off", async () => {
  let asked = 0;
  const elsewhere = await serve(createServer((_request, response) => response.end(`${asked++}`)));
  const redirecting = createServer();
  redirecting.on("upgrade", (_request, socket) =>
    socket.end(`HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:${elsewhere}/ws\r\n\r\n`),
  );
  const breaking = createServer();
  breaking.on("upgrade", (_request, socket) => socket.destroy());
  for (const server of [createServer((_request, response) => response.end("hello")), redirecting, breaking]) {
    const { codes, live } = link(await serve(server));
    await until(() => codes().length === 1);
    expect(live.state).toMatchObject({ state: "offline", reason: expect.stringMatching(/./) });
  }
  expect(asked).toBe(0);
});

test("the pauses grow to a minute; closing leaves no timer and no socket, whenever it is", async () => {
  const { codes, live, timers } = link(9);
  for (let failures = 1; failures <= 9; failures++) {
    await until(() => codes().length === failures);
    timers.advance(Math.min(60_000, 1_000 * 2 ** (failures - 1)));
  }
  live[Symbol.dispose]();
  expect(timers.pending).toBe(0);

  // Once it was online the pauses are short again.
  const sockets: WebSocket[] = [];
  const unsteady = link(
    await fakeGateway((socket) => {
      sockets.push(socket);
      socket.send(SNAPSHOT);
    }),
  );
  for (let rounds = 1; rounds <= 3; rounds++) {
    await until(() => unsteady.codes().length === 2 * rounds - 1);
    sockets.at(-1)?.close(1001);
    await until(() => unsteady.codes().length === 2 * rounds);
    unsteady.timers.advance(1_000);
  }

  let closed = 0;
  const port = await fakeGateway((socket) => {
    socket.on("close", () => closed++);
    socket.send(SNAPSHOT);
  });
  const opening = link(port);
  opening.live[Symbol.dispose]();
  const standing = link(port);
  await until(() => standing.codes().length === 1);
  standing.live[Symbol.dispose]();
  await until(() => closed >= 1);
  expect([opening.timers.pending, standing.timers.pending]).toEqual([0, 0]);
  expect(opening.codes()).toEqual([]);
  expect(standing.codes()).toEqual(["online"]);
});
