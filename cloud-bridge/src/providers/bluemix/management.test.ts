import { isJsonObject, type JsonObject } from "@tram/protocol";
import { NO_REQUESTS, VirtualClock } from "@tram/testkit";
import { expect, it } from "vitest";
import { DeviceNames } from "./device-names.ts";
import { SHORTEST_LIFETIME_S } from "./limits.ts";
import { Management } from "./management.ts";
import { BluemixTopics } from "./topics.ts";

function begin() {
  const clock = new VirtualClock();
  const names = new DeviceNames({ gateway: "farm", gatewayType: "gw", thingType: "thing" });
  const sent: { readonly topic: string; readonly body: JsonObject }[] = [];
  const told: string[] = [];
  let ids = 0;
  const management = new Management({
    topics: new BluemixTopics(names, "thing"),
    gateway: "farm",
    clock,
    newId: () => `r${++ids}`,
  });
  const line = {
    send: async ({ topic, payload }: { topic: string; payload: string | Uint8Array }) => {
      sent.push({ topic, body: JSON.parse(String(payload)) as JsonObject });
    },
    desk: { ...NO_REQUESTS, turnedAway: ({ reason }: { reason: string }) => void told.push(reason) },
  };
  const respond = (rc: number): void =>
    management.hearResponse(
      Buffer.from(JSON.stringify({ rc, reqId: sent.at(-1)?.body.reqId, message: "why" })),
    );
  return { clock, management, line, sent, told, respond };
}

it("is asked for again before it is over, as long as there is a connection", async () => {
  const { clock, management, line, sent, respond } = begin();
  management.connected(line);
  expect(sent[0]?.topic).toBe("iotdevice-1/type/gw/id/farm/mgmt/manage");
  const { d } = sent[0]?.body ?? {};
  const lifetimeS = isJsonObject(d) && typeof d.lifetime === "number" ? d.lifetime : 0;
  expect(lifetimeS).toBeGreaterThanOrEqual(SHORTEST_LIFETIME_S);
  respond(200);
  const startedAt = clock.monotonic();
  for (let times = 2; times < 6; times++) {
    const before = clock.monotonic();
    while (sent.length < times) await clock.advance(60_000);
    const passedS = (clock.monotonic() - before) / 1_000;
    expect(passedS).toBeLessThan(lifetimeS - 600);
    respond(200);
  }
  // Not much more often than it has to be.
  expect((clock.monotonic() - startedAt) / 1_000).toBeGreaterThan(2 * lifetimeS);
  management.lost();
  await clock.advance(lifetimeS * 5_000);
  expect(sent).toHaveLength(5);
});

it("that is refused, or not answered, is asked for again ever more rarely, and told once", async () => {
  const { clock, management, line, sent, told, respond } = begin();
  management.connected(line);
  respond(409);
  respond(409);
  expect(told).toEqual(["IBM does not manage this gateway (409): why"]);
  await clock.advance(30_000);
  expect(sent).toHaveLength(2);
  respond(409);
  await clock.advance(59_000);
  expect(sent).toHaveLength(2);
  await clock.advance(1_000);
  expect(sent).toHaveLength(3);
  expect(told).toHaveLength(1);
  await clock.advance(30_000);
  expect(told[1]).toMatch(/does not answer/);
  await clock.advance(24 * 3_600_000);
  expect(sent.length).toBeLessThan(110);
});

it("does not listen to answers to others", async () => {
  const { clock, management, line, sent } = begin();
  management.connected(line);
  management.hearResponse(Buffer.from('{"rc":200,"reqId":"x"}'));
  management.hearResponse(Buffer.from("[]"));
  await clock.advance(60_000);
  expect(sent).toHaveLength(2);
});

it("answers a flood of requests with few answers", async () => {
  const { management, line, sent } = begin();
  management.connected(line);
  for (let index = 0; index < 1_000; index++) {
    await management.hearRequest("what", Buffer.from(JSON.stringify({ reqId: String(index) })));
  }
  expect(sent.length).toBeLessThanOrEqual(101);
});
