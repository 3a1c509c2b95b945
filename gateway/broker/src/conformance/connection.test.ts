import { expect } from "vitest";
import { settled } from "../testing/house.ts";
import { prove } from "../testing/prove.ts";
import { properties, raw, rawConnect, text } from "../testing/raw-packet.ts";
import { texts } from "../testing/stage.ts";

// Bytes on the wire, PINGREQ, DISCONNECT, AUTH, and errors: §1.5, §2, §3.12 to §3.15, 3.1.1 §4.8, 5.0 §4.12, §4.13, §6.

prove("packets may come cut anywhere", { v4: "6.0.0-2 7.1.1-1", v5: "4.2-1 6.0.0-2" }, async (stage) => {
  const listener = await stage.subscriber("#");
  const none = stage.version === 5 ? [0] : [];
  const stream = Buffer.concat([
    rawConnect(stage.version, 2, ...none, text("c")),
    raw(0x30, text("a"), ...none, 0x31),
    raw(0x30, text("a"), ...none, 0x32),
  ]);
  const slow = stage.dial();
  for (const byte of stream) {
    slow.bytes(Buffer.from([byte]));
    await settled(1);
  }
  const fast = stage.dial();
  fast.bytes(stream);
  await settled();
  expect(texts(listener)).toEqual(["1", "2", "1", "2"]);
});

prove("reserved flags of what is sent", { v4: "2.2.2-1", v5: "2.1.3-1" }, async (stage) => {
  const client = await stage.connect("c");
  await client.subscribe("t");
  await client.unsubscribe("x");
  client.publish("t", "", { qos: 1 });
  const id = client.publish("t", "", { qos: 2 });
  client.answer("pubrel", id);
  client.answer("pubrec", 99);
  await settled();
  // What reads here refuses a packet whose flags are not as they must be.
  const types = new Set(client.heard.map(({ type }) => type));
  for (const type of ["puback", "pubrec", "pubcomp", "pubrel"] as const) expect(types).toContain(type);
});

prove("no properties are a length of 0", { v5: "2.2.2-1" }, async (stage) => {
  const client = await stage.connect("c");
  const before = client.wire.length;
  client.bytes(raw(0x82, 0, 1, 0, text("t"), 0));
  await client.next("suback");
  expect(client.wire.subarray(before)).toEqual(raw(0x90, 0, 1, 0, 0));
});

prove("lengths are as short as can be", { v5: "1.5.5-1" }, async (stage) => {
  const client = await stage.connect("c");
  for (const [count, head] of [
    [124, [0x90, 127]],
    [125, [0x90, 0x80, 1]],
  ] as const) {
    const before = client.wire.length;
    const filters = Array.from({ length: count }, () => Buffer.concat([text("t"), Buffer.of(0)]));
    client.bytes(raw(0x82, 0, 1, 0, ...filters));
    await client.next("suback");
    expect([...client.wire.subarray(before, before + head.length)]).toEqual(head);
  }
});

prove("both strings of a pair", { v5: "1.5.7-1" }, async (stage) => {
  for (const pair of [
    [text(Buffer.from([0xff])), text("")],
    [text(""), text("\0")],
  ]) {
    const client = await stage.connect("c");
    client.bytes(raw(0x30, text("a"), properties(0x26, ...pair)));
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x81 });
  }
});

prove("PINGREQ is answered", { v4: "3.12.4-1", v5: "3.12.4-1" }, async (stage) => {
  const client = await stage.connect("c");
  client.bytes(raw(0xc0));
  await client.next("pingresp");
});

prove("nothing is sent behind DISCONNECT", { v5: "3.14.4-1" }, async (stage) => {
  const client = await stage.connect("c");
  client.bytes(Buffer.concat([raw(0x36, 0), raw(0xc0), raw(0xc0)]));
  await client.end();
  expect(client.heard.map(({ type }) => type)).toEqual(["disconnect"]);
});

prove("DISCONNECT is followed by the end", { v5: "3.14.4-2 4.13.2-1" }, async (stage) => {
  const client = await stage.connect("c");
  stage.house.broker.disconnect({ clientId: "c" }, { reason: "administrative" });
  expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x98 });
  await client.end();
});

prove("CONNACK that refuses is followed by the end", { v5: "4.13.2-1" }, async (stage) => {
  stage.house.rules = { authenticate: () => ({ refused: "banned" }) };
  const client = stage.dial();
  expect(await client.connect("c")).toMatchObject({ reasonCode: 0x8a });
  await client.end();
});

prove("DISCONNECT has codes of its table", { v5: "3.14.2-1" }, async (stage) => {
  const [revoked, removed, last] = [
    await stage.connect("revoked"),
    await stage.connect("removed"),
    await stage.connect("last"),
  ];
  const { broker } = stage.house;
  broker.disconnect({ clientId: "revoked" }, { reason: "not-authorized" });
  broker.disconnect({ clientId: "removed" }, { reason: "administrative" });
  await broker.close();
  // What reads here refuses others.
  expect(await revoked.next("disconnect")).toMatchObject({ reasonCode: 0x87 });
  expect(await removed.next("disconnect")).toMatchObject({ reasonCode: 0x98 });
  expect(await last.next("disconnect")).toMatchObject({ reasonCode: 0x8b });
});

prove("no Session Expiry Interval by the server", { v5: "3.14.2-2" }, async (stage) => {
  const client = await stage.lasting("c");
  stage.house.broker.disconnect({ clientId: "c" }, { reason: "administrative" });
  const { properties: told } = await client.next("disconnect");
  expect(Object.keys(told)).toEqual(["reasonString"]);
});

prove("no reason string that makes DISCONNECT too large", { v5: "3.14.2-3 3.14.2-4" }, async (stage) => {
  for (const maximumPacketSize of [24, 1_000]) {
    const client = await stage.connect("c", { properties: { maximumPacketSize } });
    client.bytes(raw(0x30, text("a/+"), 0));
    const { properties: told, reasonCode } = await client.next("disconnect");
    const words = maximumPacketSize === 24 ? [] : ["reasonString"];
    expect([Object.keys(told), reasonCode]).toEqual([words, 0x81]);
  }
});

prove("an authentication method that is not known", { v5: "4.12.0-1 4.12.0-4" }, async (stage) => {
  const client = stage.dial();
  client.greet("c", { properties: { authenticationMethod: "SCRAM-SHA-256" } });
  expect(await client.next("connack")).toMatchObject({ reasonCode: 0x8c });
  await client.end();
});

prove("no AUTH, and no method in CONNACK, unasked", { v5: "4.12.0-6" }, async (stage) => {
  const client = stage.dial();
  const { properties: told } = await client.connect("c", { userName: "u", password: Buffer.from("p") });
  await settled();
  expect([told.authenticationMethod, client.heard]).toEqual([undefined, []]);
});

prove("AUTH of a client that named no method", { v5: "4.12.0-7" }, async (stage) => {
  for (const code of [0x18, 0x19]) {
    const client = await stage.connect("c");
    client.bytes(raw(0xf0, code, properties(0x15, text("m"))));
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: 0x82 });
    await client.end();
  }
});

prove("an error of our own ends the connection", { v4: "4.8.0-2", v5: "4.13.2-1" }, async (stage) => {
  stage.house.rules = {
    maySubscribe: () => {
      throw new Error("out of order");
    },
  };
  const client = await stage.connect("c");
  const other = await stage.connect("d");
  client.bytes(raw(0x82, 0, 1, ...(stage.version === 5 ? [0] : []), text("t"), 0));
  await client.end();
  expect(other.ended).toBe(false);
  const codes = client.heard.map((packet) => packet.type === "disconnect" && packet.reasonCode);
  expect(codes).toEqual(stage.version === 5 ? [0x80] : []);
});
