import { once } from "node:events";
import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net";
import { expect, test } from "vitest";
import { FaultLine, type LineFaults } from "./fault-line.ts";

/** A far end that sends back what it hears, and a near end on the line to it. */
async function echo(faults: LineFaults, random?: () => number) {
  const server = createServer((socket) => socket.pipe(socket).on("error", () => socket.destroy()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const line = await FaultLine.open((server.address() as AddressInfo).port, faults, random);
  const near = dial(line.port, "127.0.0.1");
  near.on("error", () => near.destroy());
  await once(near, "connect");
  return {
    line,
    near,
    [Symbol.asyncDispose]: async () => {
      near.destroy();
      await line[Symbol.asyncDispose]();
      server.close();
    },
  };
}

/** Sends, waits until as much is back, and tells what came and how long it took. */
async function thereAndBack(near: Socket, bytes: Buffer): Promise<{ back: Buffer; tookMs: number }> {
  const from = performance.now();
  const chunks: Buffer[] = [];
  let length = 0;
  near.write(bytes);
  while (length < bytes.length) {
    const [chunk] = (await once(near, "data")) as [Buffer];
    chunks.push(chunk);
    length += chunk.length;
  }
  return { back: Buffer.concat(chunks), tookMs: performance.now() - from };
}

const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, at) => at % 251));

test("a far line takes its time, both ways", async () => {
  await using house = await echo({ latencyMs: 150 });
  const { back, tookMs } = await thereAndBack(house.near, noise(10));
  expect(back).toEqual(noise(10));
  expect(tookMs).toBeGreaterThanOrEqual(299);
});

test("a slow line takes a second for its bits, and loses none", async () => {
  await using house = await echo({ bitsPerS: 800_000 });
  // Both ways at once, 100 kB a second each.
  const { back, tookMs } = await thereAndBack(house.near, noise(50_000));
  expect(back.equals(noise(50_000))).toBe(true);
  expect(tookMs).toBeGreaterThanOrEqual(499);
});

test("what is lost comes later, with everything behind it, in order", async () => {
  let segment = 0;
  // The third segment that is sent is lost once.
  await using house = await echo({ loss: 0.5 }, () => (++segment === 3 ? 0 : 1));
  const { back, tookMs } = await thereAndBack(house.near, noise(10_000));
  expect(back.equals(noise(10_000))).toBe(true);
  expect(tookMs).toBeGreaterThanOrEqual(199);
});

test("a silent cut and a half-open connection tell the near end nothing, and new connections work", async () => {
  for (const fault of ["cutSilently", "leaveHalfOpen"] as const) {
    await using house = await echo({});
    await thereAndBack(house.near, noise(5));
    const heard: string[] = [];
    for (const event of ["data", "end", "close"]) house.near.on(event, () => heard.push(event));
    house.line[fault]();
    house.near.write(noise(100));
    const other = dial(house.line.port, "127.0.0.1");
    await once(other, "connect");
    expect((await thereAndBack(other, noise(5))).back).toEqual(noise(5));
    expect(heard).toEqual([]);
    other.destroy();
  }
});
