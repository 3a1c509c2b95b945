import { createServer } from "node:net";
import type { Json, JsonObject } from "@tram/protocol";
import {
  type BluemixOptions,
  bluemixPeer,
  NO_REQUESTS,
  type ProviderHarness,
  providerContract,
  RealClock,
} from "@tram/testkit";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { BridgeError } from "../../bridge-error.ts";
import {
  closeAll,
  cloud,
  codes,
  connect,
  GATEWAY,
  message,
  openCloud,
  PATIENT_MS,
  PUMP,
  provider,
  refusalOf,
  said,
  TestDesk,
  TOKEN,
  unused,
} from "../../testing/bluemix-house.ts";
import type { BluemixProviderOptions } from "./bluemix.ts";
import { DeviceNames } from "./device-names.ts";

afterEach(closeAll);

async function openHarness(): Promise<ProviderHarness> {
  const at = await openCloud();
  return {
    provider: () => provider(at),
    peer: bluemixPeer(at),
    unacceptable: message("huge", { value: "x".repeat(200_000) }),
    secrets: [TOKEN],
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  };
}

describe("the bluemix provider", () => {
  for (const { name, run } of providerContract(openHarness)) it(name, run);
});

describe("who is not IBM, or does not want us, is told apart:", () => {
  const past = { notBefore: new Date("2020-01-01"), notAfter: new Date("2021-01-01") };

  it.each<[string, NonNullable<BluemixOptions["server"]>, BridgeError["code"], RegExp]>([
    ["an authority that nobody knows", { foreign: true }, "tls-authority", /authority/],
    ["another host's certificate", { names: ["elsewhere.example"] }, "tls-host", /another host/],
    ["an expired certificate", past, "tls-expired", /has expired$/],
  ])("%s", async (_name, server, code, words) => {
    const at = await cloud({ server });
    const error = await refusalOf(provider(at).connect(unused, NO_REQUESTS));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
    expect(at.connected).toEqual([]);
    // No CONNECT, and no token in it, has come so far.
    expect(at.incidents).toEqual([]);
  });

  it("an expired certificate, by a clock that nobody has set", async () => {
    class Unsure extends RealClock {
      override readonly trust = "untrusted" as never;
    }
    const at = await cloud({ server: past });
    const error = await refusalOf(provider(at, { clock: new Unsure() }).connect(unused, NO_REQUESTS));
    expect(error.message).toMatch(/clock is not set/);
  });

  it.each<[string, Partial<BluemixProviderOptions>, BridgeError["code"], RegExp, string]>([
    [
      "a wrong token",
      { token: "other" },
      "credentials",
      /token is not that of g:a1b2c3:tram-gateway:farm/,
      "wrong-token",
    ],
    [
      "an unknown organisation",
      { org: "zzzzzz" },
      "credentials",
      /organisation zzzzzz has no such/,
      "unknown-org",
    ],
    [
      "a gateway that is not registered",
      { names: new DeviceNames({ gateway: "barn", gatewayType: "tram-gateway", thingType: "t" }) },
      "credentials",
      /g:a1b2c3:tram-gateway:barn/,
      "unknown-gateway",
    ],
    [
      "a client id that is none",
      { names: new DeviceNames({ gateway: "farm", gatewayType: "no type", thingType: "t" }) },
      "refused",
      /client id.*gateway_type and gateway_id/,
      "client-id",
    ],
  ])("%s", async (_name, options, code, words, incident) => {
    const at = await cloud();
    const error = await refusalOf(provider(at, options).connect(unused, NO_REQUESTS));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(words)]);
    expect(codes(at)).toEqual([incident]);
    expect(`${error.message}${error.stack}`).not.toContain(TOKEN);
  });

  it("another client with the same id", async () => {
    const at = await cloud();
    const first = await connect(provider(at));
    await connect(provider(at));
    expect(await first.closed).toMatch(/another client has connected as g:a1b2c3:tram-gateway:farm/);
    expect(codes(at)).toEqual(["taken-over"]);
  });

  it("what speaks no TLS: nothing is said to it in the clear", async () => {
    const heard: Buffer[] = [];
    const server = createServer((socket) => {
      socket.on("error", () => undefined);
      socket.on("data", (bytes) => {
        heard.push(bytes);
        socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const error = await refusalOf(provider(await cloud(), { port }).connect(unused, NO_REQUESTS));
    expect(error.code).toMatch(/^tls/);
    server.close();
    // RFC 8446 §5.1: a record of the handshake, and no MQTT CONNECT (0x10).
    expect(heard.length).toBeGreaterThan(0);
    expect(heard.every((bytes) => bytes[0] === 0x16 || bytes[0] === 0x15)).toBe(true);
  });
});

describe("messages", () => {
  it("are events of their devices, by their class", async () => {
    const at = await cloud();
    const connection = await connect(provider(at), new TestDesk());
    const outcomes = await connection.publish([
      message("1"),
      message("2", { class: "alarm", name: "tank/leak", value: true }),
      message("3", { thing: "farm", name: "system/load", value: 0.5, quality: "stale" }),
    ]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["acknowledged", "acknowledged", "acknowledged"]);
    expect(at.events().map(({ topic }) => topic)).toEqual([
      "iot-2/type/tram-thing/id/farm_pump/evt/telemetry/fmt/json",
      "iot-2/type/tram-thing/id/farm_pump/evt/alarm/fmt/json",
      "iot-2/type/tram-gateway/id/farm/evt/telemetry/fmt/json",
    ]);
    const time = "2026-01-05T00:00:00.000Z";
    expect(said(at, "telemetry")).toEqual([
      { id: "1", time, name: "motor/speed", quality: "good", motor_speed: 3 },
      { id: "3", time, name: "system/load", quality: "stale", system_load: 0.5 },
    ]);
    expect(at.events().every(({ qos }) => qos === 1)).toBe(true);
    expect(at.registry.devices).toEqual(["tram-thing/farm_pump"]);
    expect(at.incidents).toEqual([]);
  });

  it("that stand for many, or whose time nobody is sure of, say so", async () => {
    const at = await cloud();
    const connection = await connect(provider(at));
    const value = { min: 1, max: 3, mean: 2, count: 9, last: 3 };
    await connection.publish([
      message("1", { value, thinned: { from: Date.UTC(2026, 0, 4) }, timeUncertain: true }),
    ]);
    expect(said(at, "telemetry")[0]).toMatchObject({
      from: "2026-01-04T00:00:00.000Z",
      timeUncertain: true,
      motor_speed: value,
    });
  });

  it("that IBM acknowledges and throws away are kept, in order, until their device is registered", async () => {
    const at = await cloud();
    at.registry.autoRegister = false;
    const desk = new TestDesk(["pump", "lamp"]);
    at.registry.addDevice({ type: "tram-thing", id: "farm_lamp" });
    const connection = await connect(provider(at, { graceMs: PATIENT_MS }), desk);
    const outcomes = await connection.publish([message("1"), message("l", { thing: "lamp" }), message("2")]);
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(["retry", "acknowledged", "retry"]);
    expect(outcomes[0]).toMatchObject({
      reason: expect.stringMatching(/farm_pump: create it in the device type/),
    });
    // Nothing more is sent in vain: IBM would drop it, and not say so.
    const dropped = at.incidents.length;
    expect((await connection.publish([message("1")]))[0]?.outcome).toBe("retry");
    expect(at.incidents.length).toBe(dropped);
    expect(said(at, "telemetry").map(({ id }) => id)).toEqual(["l"]);
  });

  it("of a device type that IBM does not know say which one", async () => {
    const at = await cloud();
    const names = new DeviceNames({ gateway: "farm", gatewayType: "tram-gateway", thingType: "sheep" });
    const connection = await connect(provider(at, { names, thingType: "sheep", graceMs: PATIENT_MS }));
    const [outcome] = await connection.publish([message("1")]);
    expect(outcome).toMatchObject({ outcome: "retry", reason: expect.stringMatching(/device type sheep/) });
  });

  it("are sent again when their PUBACK is lost, with the same id", async () => {
    const at = await cloud();
    const tested = provider(at, { managed: false });
    const first = await connect(tested);
    at.faults.losePubacks(1);
    const publishing = first.publish([message("1")]);
    await vi.waitFor(() => expect(at.events()).toHaveLength(1));
    await at.cut();
    expect((await publishing)[0]?.outcome).toBe("retry");
    const second = await connect(tested);
    expect((await second.publish([message("1")]))[0]?.outcome).toBe("acknowledged");
    expect(said(at, "telemetry").map(({ id }) => id)).toEqual(["1", "1"]);
  });

  it("that were acknowledged on a line that ends before anybody could object are sent again", async () => {
    const at = await cloud({ notifyLatencyMs: 60_000 });
    at.registry.autoRegister = false;
    const connection = await connect(provider(at, { graceMs: 60_000 }));
    const publishing = connection.publish([message("1")]);
    await vi.waitFor(() => expect(codes(at)).toEqual(["device-id"]));
    await at.cut();
    expect((await publishing)[0]?.outcome).toBe("retry");
  });

  it("have names that do not fit told, at first and when a Thing comes", async () => {
    const at = await cloud();
    const long = "a-very-long-name-of-a-pump-in-the-south";
    const other = "another-very-long-name-of-some-other-pump";
    const desk = new TestDesk(["pump", long]);
    const connection = await connect(provider(at), desk);
    await vi.waitFor(() => expect(said(at, "names")).toHaveLength(1));
    desk.comes("lamp");
    desk.comes(other);
    await vi.waitFor(() => expect(said(at, "names")).toHaveLength(2));
    const told = said(at, "names").map(({ names }) => Object.entries(names as JsonObject));
    expect(told.map(([first]) => first?.[1])).toEqual([long, other]);
    await connection.publish([message("1", { thing: long })]);
    expect(at.events().at(-1)?.device.id).toBe(told[0]?.[0]?.[0]);
    expect(at.incidents).toEqual([]);
  });
});

describe("commands", () => {
  it("reach the house, once however often they come, and their end is an event", async () => {
    const at = await cloud();
    const desk = new TestDesk();
    const connection = await connect(provider(at), desk);
    const body = { property: "motor/power", value: true, id: "42", time: "2026-01-05T06:00:00Z", ttl_s: 60 };
    at.command(PUMP, "set", body);
    at.command(PUMP, "set", { d: body });
    at.command(PUMP, "invoke", { action: "flush", id: "43" });
    await vi.waitFor(() => expect(desk.commands).toHaveLength(3));
    const [first, again, action] = desk.commands;
    expect(first).toMatchObject({
      thing: "pump",
      target: { property: "motor/power" },
      value: true,
      givenAt: Date.parse("2026-01-05T06:00:00Z"),
      expiresAt: Date.parse("2026-01-05T06:01:00Z"),
      context: { request: "42" },
    });
    expect(again?.id).toBe(first?.id);
    expect(action).toMatchObject({ target: { action: "flush" }, value: null });
    expect(action?.id).not.toBe(first?.id);
    await connection.publish([
      message("end", {
        class: "reply",
        name: "motor/power",
        value: { command: "c1", state: "confirmed", value: true, request: first?.id ?? "" },
        ...(first?.context === undefined ? {} : { context: first.context }),
      }),
    ]);
    const [reply] = said(at, "reply");
    expect(reply).toMatchObject({ id: "end", name: "motor/power", state: "confirmed", request: "42" });
    expect(at.events().at(-1)?.device).toEqual(PUMP);
  });

  it("with the same id for two devices are two commands", async () => {
    const at = await cloud();
    const desk = new TestDesk(["pump", "lamp"]);
    await connect(provider(at), desk);
    for (const id of ["farm_pump", "farm_lamp"])
      at.command({ ...PUMP, id }, "set", { property: "a/b", value: 1, id: "1" });
    await vi.waitFor(() => expect(desk.commands).toHaveLength(2));
    expect(new Set(desk.commands.map(({ id }) => id)).size).toBe(2);
  });

  it("to devices of other gateways are left to them, unanswered", async () => {
    const at = await cloud();
    const desk = new TestDesk();
    await connect(provider(at), desk);
    at.command({ type: "tram-thing", id: "barn_pump" }, "set", { property: "a/b", value: 1 });
    at.command(PUMP, "set", { property: "a/b", value: 1 });
    await vi.waitFor(() => expect(desk.commands).toHaveLength(1));
    expect([desk.asked.length, desk.turned, said(at, "reply")]).toEqual([1, [], []]);
  });

  it("that are refused are answered at once, with why", async () => {
    const at = await cloud();
    const desk = new TestDesk();
    desk.answer = () => ({ outcome: "refused", code: "forbidden", reason: "not allowed" });
    await connect(provider(at), desk);
    at.command(PUMP, "set", { property: "motor/power", value: true, id: "7" });
    await vi.waitFor(() => expect(said(at, "reply")).toHaveLength(1));
    expect(said(at, "reply")[0]).toMatchObject({
      id: "7:forbidden",
      request: "7",
      state: "refused",
      code: "forbidden",
    });
  });

  it("to the gateway manage it, where the answer fits", async () => {
    const at = await cloud();
    const desk = new TestDesk();
    const texts: Json[] = ["short", "x".repeat(140_000)];
    desk.answer = () => ({ outcome: "done", value: texts.shift() ?? null });
    await connect(provider(at), desk);
    for (const id of ["1", "2"]) at.command(GATEWAY, "manage", { id, what: "config", operation: "get" });
    await vi.waitFor(() => expect(said(at, "reply")).toHaveLength(2));
    expect(desk.asked[0]).toEqual({ kind: "manage", id: "1", what: "config", operation: "get" });
    expect(said(at, "reply")).toMatchObject([
      { state: "done", value: "short" },
      { state: "done", reason: "the answer is too long for IBM" },
    ]);
    expect(at.incidents).toEqual([]);
  });

  it("are not listened to where nobody may give any", async () => {
    const at = await cloud();
    const desk = new TestDesk();
    const connection = await connect(provider(at, { hears: false }), desk);
    at.command(PUMP, "set", { property: "a/b", value: 1 });
    await connection.publish([message("after")]);
    expect(desk.asked).toEqual([]);
  });
});
