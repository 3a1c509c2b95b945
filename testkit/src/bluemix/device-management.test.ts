import type { Json, JsonObject } from "@tram/protocol";
import mqtt, { type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VirtualClock } from "../virtual-clock.ts";
import { Bluemix } from "./bluemix.ts";
import { GATEWAY, next, optionsOf, TOKEN } from "./testing/gateway.ts";

let cloud: Bluemix;
let client: MqttClient;
let heard: { readonly what: string; readonly body: JsonObject }[];
const answered = new Set<unknown>();

beforeEach(async () => {
  cloud = await Bluemix.open({ clock: new VirtualClock() });
  cloud.registry.addGateway(GATEWAY, TOKEN);
  client = mqtt.connect(optionsOf(cloud));
  await next(client, "connect");
  await client.subscribeAsync("iotdm-1/type/gw/id/farm/#", { qos: 1 });
  heard = [];
  answered.clear();
  client.on("message", (topic, payload) =>
    heard.push({
      what: topic.replace("iotdm-1/type/gw/id/farm/", ""),
      body: JSON.parse(payload.toString()) as JsonObject,
    }),
  );
});
afterEach(async () => {
  await client.endAsync(true);
  await cloud[Symbol.asyncDispose]();
});

const say = (what: string, body: Json): Promise<unknown> =>
  client.publishAsync(`iotdevice-1/type/gw/id/farm/${what}`, JSON.stringify(body), { qos: 1 });
const codes = (): readonly string[] => cloud.incidents.map(({ code }) => code);

async function manage(d: JsonObject): Promise<Json | undefined> {
  const before = heard.length;
  await say("mgmt/manage", { d, reqId: `m${before}` });
  await expect.poll(() => heard.length).toBe(before + 1);
  expect(heard.at(-1)).toMatchObject({ what: "response", body: { reqId: `m${before}` } });
  return heard.at(-1)?.body.rc;
}

/** Answers the next request that was not answered. */
async function answer(rc: number, more: JsonObject = {}): Promise<string> {
  const open = (): (typeof heard)[number] | undefined =>
    heard.find(({ what, body }) => what !== "response" && !answered.has(body.reqId));
  await expect.poll(open).toBeDefined();
  const { what, body } = open() ?? { what: "", body: {} as JsonObject };
  answered.add(body.reqId);
  await say("response", { rc, reqId: body.reqId ?? null, ...more });
  return what;
}

describe("a manage request", () => {
  test("makes a device managed, until its lifetime is over", async () => {
    expect(await manage({ lifetime: 3_600, supports: { firmwareActions: true } })).toBe(200);
    expect(cloud.management.managed(GATEWAY)).toMatchObject({ firmwareActions: true, deviceActions: false });
    cloud.clock.skip(3_599_000);
    expect(await manage({ lifetime: 3_600 })).toBe(200);
    cloud.clock.skip(3_599_000);
    expect(cloud.management.managed(GATEWAY)).toBeDefined();
    cloud.clock.skip(1_000);
    expect(cloud.management.managed(GATEWAY)).toBeUndefined();
    expect(codes()).toEqual(["lifetime-over"]);
  });

  test("with a lifetime of less than an hour is refused; 0 is for ever", async () => {
    expect(await manage({ lifetime: 3_599 })).toBe(400);
    expect(cloud.management.managed(GATEWAY)).toBeUndefined();
    expect(await manage({ lifetime: 0 })).toBe(200);
    cloud.clock.skip(1e9);
    expect(cloud.management.managed(GATEWAY)).toBeDefined();
    expect(codes()).toEqual(["management-form"]);
  });
});

describe("a request to a device", () => {
  test("needs one that is managed", () => {
    expect(() => cloud.management.request(GATEWAY, "mgmt/initiate/device/reboot")).toThrow(/not managed/);
  });

  test("is answered by its reqId, once, with a number", async () => {
    await manage({});
    const asked = cloud.management.request(GATEWAY, "mgmt/initiate/device/reboot");
    await say("response", { rc: 202, reqId: "other" });
    expect(await answer(501, { message: "no" })).toBe("mgmt/initiate/device/reboot");
    expect(await asked).toEqual({ rc: 501, message: "no" });
    await say("response", { rc: 202, reqId: heard.at(-1)?.body.reqId ?? null });
    expect(codes()).toEqual(["response-unknown", "response-unknown"]);
    void cloud.management.request(GATEWAY, "x");
    await answer("202" as never);
    expect(codes().at(-1)).toBe("response-form");
  });

  test("for firmware goes on only with the answers that the protocol has", async () => {
    await manage({ lifetime: 0 });
    await expect(cloud.management.download(GATEWAY, {})).rejects.toThrow(/no firmware actions/);
    await manage({ lifetime: 0, supports: { firmwareActions: true } });
    const refused = cloud.management.download(GATEWAY, { uri: "x" });
    expect(await answer(200)).toBe("device/update");
    expect(await refused).toEqual({ rc: 200 });
    const accepted = cloud.management.download(GATEWAY, { uri: "x" });
    for (const [what, rc] of [
      ["device/update", 204],
      ["observe", 200],
      ["mgmt/initiate/firmware/download", 202],
    ] as const) {
      expect(await answer(rc)).toBe(what);
    }
    expect(await accepted).toEqual({ rc: 202 });
    const notify = (state: number) =>
      say("notify", { d: { fields: [{ field: "mgmt.firmware", value: { state, updateStatus: 0 } }] } });
    await notify(1);
    await notify(2);
    expect(cloud.management.firmware(GATEWAY)).toEqual({ state: 2, updateStatus: 0 });
    await expect.poll(() => heard.at(-1)?.what).toBe("cancel");
    await notify(0);
    expect(codes()).toEqual(["notify-unobserved"]);
  });
});
