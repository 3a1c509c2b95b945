import { type AddressInfo, connect } from "node:net";
import type { EpochMs, Json, ThingId } from "@tram/protocol";
import { VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createServer } from "../http/node-http.ts";
import { EventStreams } from "./event-streams.ts";
import { NoticeBoard } from "./notice-board.ts";
import { SSE_HEADERS, sseWire } from "./sse-wire.ts";

const NOTICE = { seq: 1, subject: "event", thing: "lamp" as ThingId, time: 0 as EpochMs } as const;

/** Reads a stream as HTML §9.2.6 "Interpreting an event stream" says. */
function interpret(text: string): { event: string; id: string; data: string }[] {
  const messages: { event: string; id: string; data: string }[] = [];
  let id = "";
  for (const block of text.split("\n\n")) {
    let event = "message";
    const data: string[] = [];
    for (const line of block.split(/\r\n|\r|\n/)) {
      const colon = line.indexOf(":");
      if (colon < 0) continue;
      const value = line.slice(colon + 1).replace(/^ /, "");
      const field = line.slice(0, colon);
      if (field === "event") event = value;
      if (field === "data") data.push(value);
      if (field === "id") id = value;
    }
    if (data.length > 0) messages.push({ event, id, data: data.join("\n") });
  }
  return messages;
}

test("whatever the data are, they come out of the stream as they went in", async () => {
  const values = fc.sample(fc.jsonValue() as fc.Arbitrary<Json>, 200);
  values.push("\n\ndata: forged\n\n", "\r", "\u2028", null, "");
  for (const named of [false, true]) {
    const server = createServer((_request, response) => {
      response.writeHead(200, SSE_HEADERS);
      const wire = sseWire(response, named);
      wire.gap();
      for (const [index, data] of values.entries()) {
        wire.tell({ ...NOTICE, name: "lamp/on", data }, `e-${index}`);
        wire.beat();
      }
      wire.end();
      wire.beat(); // Late, and harmless.
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      const messages = interpret(await answer.text());
      expect(messages.map(({ data }) => JSON.parse(data) as Json)).toEqual(
        values.map((value) => JSON.parse(JSON.stringify(value)) as Json),
      );
      expect(new Set(messages.map(({ event }) => event))).toEqual(new Set([named ? "lamp/on" : "message"]));
      expect(messages.map(({ id }) => id)).toEqual(values.map((_, index) => `e-${index}`));
    } finally {
      server.close();
    }
  }
});

test("a client that does not read is cut off, and costs no more than its backlog", async () => {
  const board = new NoticeBoard();
  const streams = new EventStreams({ board, clock: new VirtualClock(), era: "e1" });
  const opened = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    response.writeHead(200, SSE_HEADERS);
    const watch = { subject: "event", thing: NOTICE.thing } as const;
    streams.open({ watch, person: "minh", stillAllowed: () => true }, sseWire(response, true));
    opened.resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.once("close", resolve));
  try {
    socket.on("error", () => undefined);
    socket.pause();
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    await opened.promise;
    const data = "x".repeat(60_000);
    let told = 0;
    // The system takes some megabytes before it lets us wait.
    while (streams.size > 0 && told < 2_000) {
      board.publish({ ...NOTICE, name: "hot", data });
      told++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(streams.size).toBe(0);
    expect(told).toBeLessThan(500);
    socket.resume();
    await closed;
  } finally {
    socket.destroy();
    server.close();
    streams.close();
  }
});
