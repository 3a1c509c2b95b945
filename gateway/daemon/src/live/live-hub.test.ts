import { createServer, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Delta, Snapshot } from "@tram/protocol";
import { VirtualClock } from "@tram/testkit";
import { afterEach, expect, test } from "vitest";
import WebSocket from "ws";
import { CLOSE, LiveHub } from "./live-hub.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };
let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function open(allowed: () => boolean) {
  const clock = new VirtualClock();
  const snapshot = () =>
    ({ things: [], rules: [], bridges: [], modules: [] }) as unknown as Omit<Snapshot, "type" | "seq">;
  const hub = new LiveHub({ clock, log: silent, snapshot });
  const http = createServer();
  server = http;
  http.on("upgrade", (request, socket, head) =>
    hub.upgrade(request, socket as Socket, head, allowed() ? allowed : undefined),
  );
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  return { clock, hub, connect: () => new WebSocket(url) };
}

function next(socket: WebSocket): Promise<Delta | Snapshot> {
  return new Promise((resolve) => socket.once("message", (data) => resolve(JSON.parse(String(data)))));
}

test("a batch tells each state once, as it is when it is sent, and every occurrence", async () => {
  const { clock, hub, connect } = await open(() => true);
  const socket = connect();
  expect(await next(socket)).toMatchObject({ type: "snapshot", seq: 0 });
  let value = 0;
  const told = next(socket);
  for (const id of ["a", "a", "b"]) hub.pushState(id, () => ({ kind: "retired", id: `${id}${value}` }));
  hub.push(() => ({ kind: "rule-removed", id: "x" }));
  hub.push(() => ({ kind: "rule-removed", id: "x" }));
  value = 7;
  await clock.advance(50);
  expect(await told).toEqual({
    type: "delta",
    seq: 1,
    changes: [
      { kind: "rule-removed", id: "x" },
      { kind: "rule-removed", id: "x" },
      { kind: "retired", id: "a7" },
      { kind: "retired", id: "b7" },
    ],
  });
  const second = connect();
  expect(await next(second)).toMatchObject({ type: "snapshot", seq: 1 });
  hub.close();
  expect(clock.pending).toBe(0);
});

test("without watchers nothing is even looked at; who may not watch is told why", async () => {
  let allowed = false;
  const { clock, hub, connect } = await open(() => allowed);
  hub.pushState("a", () => {
    throw new Error("looked at");
  });
  await clock.advance(1_000);
  const stranger = connect();
  expect(await new Promise((resolve) => stranger.once("close", resolve))).toBe(CLOSE.signInNeeded);
  allowed = true;
  const friend = connect();
  await next(friend);
  allowed = false;
  hub.recheck();
  expect(await new Promise((resolve) => friend.once("close", resolve))).toBe(CLOSE.signInNeeded);
  hub.close();
});
