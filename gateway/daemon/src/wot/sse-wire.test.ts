import type { AddressInfo } from "node:net";
import type { EpochMs, Json, ThingId } from "@tram/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createServer } from "../http/node-http.ts";
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
