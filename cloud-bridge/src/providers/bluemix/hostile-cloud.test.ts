import type { Json } from "@tram/protocol";
import { afterEach, describe, expect, it, vi } from "vitest";
import {
  closeAll,
  cloud,
  connect,
  message,
  PUMP,
  provider,
  said,
  TestDesk,
} from "../../testing/bluemix-house.ts";

afterEach(closeAll);

describe("a hostile cloud", () => {
  const boundless = { limits: { buffer: 1e6, messagesPerS: 1e9, bytesPerS: 1e9 } };

  it("may give malformed commands: each is turned away with its reason, and good ones are done", async () => {
    const at = await cloud();
    const desk = new TestDesk();
    await connect(provider(at), desk);
    // It would be written out to be known again, and so deep nothing can be written.
    const deep = Buffer.from(
      `{"property":"a/b","time":"2026-01-05T06:00:00Z","value":${"[".repeat(8_100)}${"]".repeat(8_100)}}`,
    );
    const bad: [string, Json | Buffer, string?][] = [
      ["set", Buffer.from("{")],
      ["set", "text"],
      ["set", []],
      ["set", { property: "a/b" }],
      ["set", { property: 1, value: 1 }],
      ["set", { property: "x".repeat(300), value: 1 }],
      ["set", { property: "a/b", value: 1, id: "with space" }],
      ["set", { property: "a/b", value: 1, time: "yesterday" }],
      ["set", { property: "a/b", value: 1, ttl_s: -1 }],
      ["set", { property: "a/b", value: 1, sudo: true }],
      ["set", { property: "a/b", value: 1 }, "xml"],
      ["set", { property: "a/b", value: "x".repeat(20_000) }],
      ["manage", { id: "1", what: "config", operation: "get" }],
      ["set", deep],
      ["format", {}],
      ["__proto__", { property: "a/b", value: 1 }],
    ];
    for (const [command, body, format] of bad) at.command(PUMP, command, body, format);
    at.command(PUMP, "set", { property: "a/b", value: 1 });
    await vi.waitFor(() => expect(desk.asked).toHaveLength(1));
    expect(desk.turned.map(({ code }) => code)).toEqual(
      bad.map((_, index) => (index === 11 ? "too-large" : "malformed")),
    );
    await vi.waitFor(() => expect(said(at, "reply")).toHaveLength(bad.length));
    expect(said(at, "reply").every(({ state }) => state === "refused")).toBe(true);
  });

  it("may give 10,000 commands at once: the house is asked in turn, answers are few, and messages go on", async () => {
    const at = await cloud(boundless);
    const desk = new TestDesk();
    desk.answer = () => ({ outcome: "refused", code: "busy", reason: "busy" });
    const connection = await connect(provider(at), desk);
    for (let index = 0; index < 10_000; index++) {
      at.command(PUMP, "set", { property: "a/b", value: index, id: String(index) });
    }
    const outcomes = await connection.publish(Array.from({ length: 20 }, (_, index) => message(`m${index}`)));
    expect(outcomes.every(({ outcome }) => outcome === "acknowledged")).toBe(true);
    await vi.waitFor(() => expect(desk.asked.length + desk.turned.length).toBe(10_000), 20_000);
    expect(said(at, "reply").length).toBeLessThan(400);
    expect(at.connected).toHaveLength(1);
  }, 30_000);

  it("may flood any topic that we hear: nothing grows, and messages go on", async () => {
    const at = await cloud(boundless);
    const desk = new TestDesk();
    const connection = await connect(provider(at), desk);
    const own = "type/tram-gateway/id/farm";
    const bodies: (Json | Buffer)[] = [
      Buffer.from(`{"reqId":${"[".repeat(5_000)}`),
      { Request: "publish", Type: "tram-thing", Id: "farm_nobody", Message: "\u0000Device".repeat(5_000) },
      {
        reqId: "x".repeat(5_000),
        d: { fields: Array.from({ length: 500 }, () => ({ field: "f", value: {} })) },
      },
      {
        reqId: "r",
        rc: 200,
        d: { fields: [{ field: "mgmt.firmware", value: { uri: "https://x", version: {} } }] },
      },
    ];
    const topics = ["notify", "response"].map(
      (each) => `${each === "notify" ? "iot-2" : "iotdm-1"}/${own}/${each}`,
    );
    topics.push(
      `iotdm-1/${own}/device/update`,
      `iotdm-1/${own}/mgmt/initiate/firmware/update`,
      `iotdm-1/${own}/observe`,
    );
    for (let round = 0; round < 200; round++) {
      for (const topic of topics) for (const body of bodies) at.publish(topic, body);
    }
    const outcomes = await connection.publish(Array.from({ length: 20 }, (_, index) => message(`m${index}`)));
    expect(outcomes.every(({ outcome }) => outcome === "acknowledged")).toBe(true);
    expect(desk.asked).toEqual([]);
    expect(at.connected).toHaveLength(1);
    expect(Math.max(...desk.turned.map(({ reason, where }) => reason.length + where.length))).toBeLessThan(
      1_000,
    );
  }, 30_000);

  it("may send what is too large: it is skipped, told, and the line stays", async () => {
    const at = await cloud(boundless);
    const desk = new TestDesk();
    const connection = await connect(provider(at), desk);
    at.command(PUMP, "set", Buffer.alloc(140_000, 0x20));
    at.command(PUMP, "set", Buffer.alloc(2_000_000, 0x20));
    await vi.waitFor(() => expect(desk.turned.map(({ code }) => code)).toEqual(["too-large", "too-large"]));
    expect((await connection.publish([message("1")]))[0]?.outcome).toBe("acknowledged");
  });
});
