import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { VirtualClock } from "@tram/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Carriers } from "./carriers.ts";
import type { Outgoing } from "./effect-row.ts";
import { HostList } from "./host-list.ts";
import { HTTP_LANES, HttpLanes } from "./http-lanes.ts";
import { topicRefusal } from "./topic-refusal.ts";

let status = 500;
let calls = 0;
const server = createServer((_request, response) => {
  calls++;
  response.writeHead(status).end();
});
let port = 0;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
});

function desk() {
  const clock = new VirtualClock();
  const carriers = new Carriers({
    clock,
    random: () => 0.5,
    broker: () => ({ publish: async () => undefined }),
    hosts: new HostList([]),
    webhooks: [{ id: "pager", url: `http://127.0.0.1:${port}/`, headers: {} }],
    gateway: "house",
  });
  const notify = (retry: boolean) => {
    const effect = {
      id: "a-1.1",
      rule: "a",
      awaited: false,
      chain: [],
      retry,
      kind: "webhook",
      to: "pager",
      level: "info",
      text: "x",
    };
    const row = { effect: effect as unknown as Outgoing, since: clock.instant() };
    return carriers.carry(row, new AbortController().signal);
  };
  const pauses: number[] = [];
  const sleep = clock.sleep.bind(clock);
  clock.sleep = (durationMs, signal) => {
    pauses.push(durationMs);
    return sleep(durationMs, signal);
  };
  return { clock, notify, pauses };
}

describe("a notification to a webhook", () => {
  test("that fails is tried again, three times at most; one that is to be retried until it is taken", async () => {
    [status, calls] = [500, 0];
    const { clock, notify, pauses } = desk();
    const thrice = notify(false);
    for (const count of [1, 2, 3]) {
      await expect.poll(() => calls).toBe(count);
      if (count === 3) break;
      await expect.poll(() => pauses.length).toBe(count);
      await clock.advance(pauses.at(-1) ?? 0);
    }
    expect(await thrice).toMatchObject({ state: "failed", detail: "status 500, after 3 attempts" });

    calls = 0;
    const stubborn = notify(true);
    for (let count = 1; count <= 6; count++) {
      await expect.poll(() => calls).toBe(count);
      await expect.poll(() => pauses.length).toBe(count + 2);
      if (count === 6) status = 204;
      await clock.advance(pauses.at(-1) ?? 0);
    }
    expect(await stubborn).toMatchObject({ state: "confirmed" });
    expect(calls).toBe(7);
  });

  test("that the receiver will never take is not tried again", async () => {
    [status, calls] = [404, 0];
    expect(await desk().notify(true)).toMatchObject({ state: "failed", detail: "status 404" });
    expect(calls).toBe(1);
  });
});

test("a rule whose host does not answer leaves room for the others, and what waits is bounded", async () => {
  const lanes = new HttpLanes();
  const ends: (() => void)[] = [];
  const begun: string[] = [];
  const run = (rule: string) =>
    lanes.run(rule, () => {
      begun.push(rule);
      return new Promise<string>((resolve) => ends.push(() => resolve(rule)));
    });
  const stuck = Array.from({ length: 60 }, () => run("stuck"));
  const other = run("other");
  await Promise.resolve();
  expect(begun).toEqual([...Array(HTTP_LANES.perRule).fill("stuck"), "other"]);
  expect(await stuck[59]).toBeUndefined();
  ends[0]?.();
  await expect.poll(() => begun.length).toBe(HTTP_LANES.perRule + 2);
  ends[HTTP_LANES.perRule]?.();
  expect(await other).toBe("other");
});

test.each([
  ["farm/pump", undefined],
  ["homeassistant/status", undefined],
  ["homie/5/$broadcast/alert", undefined],
  ["homie/50/x", undefined],
  ["$SYS/broker", /broker's own/],
  ["tram/1/pair/request", /gateway's own/],
  ["homie/5/lamp/light/on/set", /`set: lamp\/light\/on`/],
  ["homie/5/lamp/light/on", /what the device lamp says/],
  ["homie/5/lamp/$state", /what the device lamp says/],
])("publishing to %s is refused: %s", (topic, reason) => {
  if (reason === undefined) expect(topicRefusal(topic)).toBeUndefined();
  else expect(topicRefusal(topic)).toMatch(reason);
});
