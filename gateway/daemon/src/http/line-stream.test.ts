import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { writeLines } from "./line-stream.ts";

/** A server that answers with these values, and what became of the answer. */
async function answering(values: () => AsyncIterable<unknown>) {
  const outcome: { settle?: (error?: unknown) => void } = {};
  const ended = new Promise<unknown>((resolve) => {
    outcome.settle = resolve;
  });
  const server = createServer((_request, response) => {
    response.writeHead(200);
    writeLines(response, values()).then(() => outcome.settle?.(), outcome.settle);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const answer = (): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      request({ host: "127.0.0.1", port, agent: false }, resolve).on("error", reject).end();
    });
  return {
    ended,
    answer,
    [Symbol.dispose]: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

test("values come as lines, however many there are", async () => {
  using server = await answering(async function* () {
    for (let number = 0; number < 20_000; number++) yield { number, text: "a\nb" };
  });
  let text = "";
  for await (const chunk of (await server.answer()).setEncoding("utf8")) text += String(chunk);
  const lines = text.trimEnd().split("\n");
  expect(lines).toHaveLength(20_000);
  expect(JSON.parse(lines[19_999] as string)).toEqual({ number: 19_999, text: "a\nb" });
});

test("no more is asked for than the client takes, and nothing any more once it has left", async () => {
  let asked = 0;
  let ended = false;
  using server = await answering(async function* () {
    try {
      for (;;) {
        asked++;
        yield "x".repeat(10_000);
        await new Promise(setImmediate);
      }
    } finally {
      ended = true;
    }
  });
  const response = await server.answer();
  response.pause();
  // What the sockets hold, and then it stands still.
  let before = -1;
  await expect
    .poll(
      () => {
        const stands = asked > 0 && asked === before;
        before = asked;
        return stands;
      },
      { interval: 200 },
    )
    .toBe(true);
  expect(asked).toBeLessThan(2_000);
  response.destroy();
  await server.ended;
  expect(ended).toBe(true);
});

test("a source that fails in the middle is no whole answer", async () => {
  using server = await answering(async function* () {
    yield "x".repeat(20_000);
    throw new Error("no more");
  });
  const response = await server.answer();
  expect(await server.ended).toMatchObject({ message: "no more" });
  response.destroy();
});
