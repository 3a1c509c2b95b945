import { expect } from "vitest";
import { settled } from "../testing/house.ts";
import { prove } from "../testing/prove.ts";
import { properties, raw, rawConnect, text } from "../testing/raw-packet.ts";

// CONNECT and what answers it: §3.1, §3.2.

const LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

prove("the fields of CONNECT, in their order", { v4: "3.1.3-1", v5: "3.1.3-1" }, async (stage) => {
  const seen: unknown[] = [];
  await stage.open(
    {},
    {
      authenticate: ({ clientId, password, username }) => {
        seen.push(clientId, username, Buffer.from(password ?? "").toString());
        return { account: "a" };
      },
    },
  );
  const client = stage.dial();
  const none = stage.version === 5 ? [0] : [];
  client.bytes(
    rawConnect(
      stage.version,
      0xc6,
      ...none,
      text("id"),
      ...none,
      text("topic"),
      text("payload"),
      text("name"),
      text("secret"),
    ),
  );
  await client.next("connack");
  expect(seen).toEqual(["id", "name", "secret"]);
  expect(stage.house.broker.sessions()).toMatchObject([{ id: "id", will: { topic: "topic" } }]);
});

prove("client ids of letters and digits", { v4: "3.1.3-5", v5: "3.1.3-5" }, async (stage) => {
  for (const id of ["a", "Z9", ...(LETTERS.match(/.{1,23}/g) ?? [])]) {
    expect(await stage.dial().connect(id)).toMatchObject({ reasonCode: 0 });
  }
});

prove("an empty client id gets one of its own", { v4: "3.1.3-6", v5: "3.1.3-6 3.2.2-16" }, async (stage) => {
  await stage.connect("");
  await stage.connect("");
  const ids = stage.house.broker.sessions().map(({ id }) => id);
  expect([ids.length, new Set(ids).size, ids.includes("")]).toEqual([2, 2, false]);
});

prove("an id that was given is told, and is the client's own", { v5: "3.1.3-7 3.2.2-16" }, async (stage) => {
  const client = stage.dial();
  const { properties } = await client.connect("", stage.lastingOptions());
  const id = properties.assignedClientIdentifier ?? "";
  expect(id).not.toBe("");
  await stage.lose(client);
  await stage.lasting(id);
  expect(stage.house.broker.sessions().map((session) => session.id)).toEqual([id]);
});

prove("an empty client id without a clean session", { v4: "3.1.3-8" }, async (stage) => {
  const client = stage.dial();
  expect(await client.connect("", { cleanStart: false })).toMatchObject({ reasonCode: 2 });
  await client.end();
});

prove("a client id that is too long", { v4: "3.1.3-9", v5: "3.1.3-8" }, async (stage) => {
  const client = stage.dial();
  const answer = await client.connect("c".repeat(257));
  expect(answer).toMatchObject({ reasonCode: stage.version === 5 ? 0x85 : 2 });
  await client.end();
});

prove("a protocol level that is not spoken", { v4: "3.1.2-2", v5: "3.1.2-2" }, async (stage) => {
  const client = stage.dial();
  client.bytes(raw(0x10, text("MQTT"), stage.version === 5 ? 6 : 3, 2, 0, 60));
  expect(await client.next("connack")).toMatchObject({ reasonCode: stage.version === 5 ? 0x84 : 1 });
  await client.end();
});

prove("another protocol", { v4: "3.1.2-1 3.2.2-6", v5: "3.1.2-1" }, async (stage) => {
  const client = stage.dial();
  client.bytes(raw(0x10, text("MQTQ"), stage.version, 2, 0, 60, text("c")));
  await client.end();
  expect(client.heard).toEqual([]);
});

prove("a CONNECT that is malformed: no CONNACK", { v4: "3.1.4-1 3.2.2-6" }, async (stage) => {
  const client = stage.dial();
  client.bytes(raw(0x10, text("MQTT"), 4, 2, 0));
  await client.end();
  expect(client.heard).toEqual([]);
});

prove("a CONNECT that is malformed: the reason, and the end", { v5: "3.1.4-1" }, async (stage) => {
  const client = stage.dial();
  client.bytes(raw(0x10, text("MQTT"), 5, 2, 0));
  expect(await client.next("connack")).toMatchObject({ reasonCode: 0x81, sessionPresent: false });
  await client.end();
});

prove("a login that is refused", { v4: "3.2.2-5", v5: "3.1.4-2 3.2.2-7" }, async (stage) => {
  stage.house.rules = { authenticate: () => ({ refused: "bad-credentials" }) };
  const client = stage.dial();
  expect(await client.connect("c")).toMatchObject({ reasonCode: stage.version === 5 ? 0x86 : 4 });
  await client.end();
});

prove("a refusal tells of no session", { v4: "3.2.2-4", v5: "3.2.2-6" }, async (stage) => {
  await stage.away("c", "t");
  stage.house.rules = { authenticate: () => ({ refused: "not-authorized" }) };
  const client = stage.dial();
  client.greet("c", stage.lastingOptions());
  await client.next("connack");
  expect(client.wire[2]).toBe(0);
});

prove("nothing behind a refused CONNECT is processed", { v4: "3.1.4-5", v5: "3.1.4-6" }, async (stage) => {
  const seen: string[] = [];
  stage.house.rules = {
    authenticate: ({ clientId }) => (clientId === "c" ? { refused: "not-authorized" } : { account: "a" }),
    accept: (_, { topic }) => void seen.push(topic),
  };
  const listener = await stage.subscriber("t");
  const none = stage.version === 5 ? [0] : [];
  const pieces = [rawConnect(stage.version, 2, ...none, text("c")), raw(0x31, text("t"), ...none, 0x31)];
  for (const chunks of [pieces, [Buffer.concat(pieces)]]) {
    const client = stage.dial();
    for (const chunk of chunks) client.bytes(chunk);
    await client.end();
    await settled();
    expect([seen, listener.heard, client.heard.map(({ type }) => type)]).toEqual([[], [], ["connack"]]);
  }
});

prove("a valid CONNECT is accepted, once", { v4: "3.1.4-4", v5: "3.1.4-5 3.2.0-2" }, async (stage) => {
  const client = stage.dial();
  expect(await client.connect("c")).toMatchObject({ reasonCode: 0 });
  await client.subscribe("t");
  await settled();
  expect(client.heard.filter(({ type }) => type === "connack")).toEqual([]);
});

prove("CONNACK comes first", { v4: "3.2.0-1", v5: "3.2.0-1" }, async (stage) => {
  await stage.away("c", "t");
  await stage.publish("t", "1", { qos: 1 });
  const client = stage.dial();
  client.greet("c", stage.lastingOptions());
  client.publish("u", "", { qos: 1 });
  await settled();
  expect(client.heard[0]).toMatchObject({ type: "connack", reasonCode: 0 });
  expect(new Set(client.heard.map(({ type }) => type))).toEqual(new Set(["connack", "publish", "puback"]));
});

prove(
  "who is taken over before CONNACK hears nothing but CONNACK",
  { v4: "3.2.0-1", v5: "3.2.0-1 3.14.0-1" },
  async (stage) => {
    const release = stage.house.store.hold();
    const first = stage.dial();
    first.greet("c", stage.lastingOptions());
    await settled();
    const second = stage.dial();
    second.greet("c", stage.lastingOptions());
    await settled();
    release();
    await second.next("connack");
    expect(first.heard.filter(({ type }) => type !== "connack")).toEqual([]);
  },
);

prove("the reserved bits of CONNACK", { v5: "3.2.2-1" }, async (stage) => {
  const client = stage.dial();
  await client.connect("c");
  expect((client.wire[2] ?? 0xff) & 0xfe).toBe(0);
});

prove("a clean start: no session present", { v4: "3.2.2-1", v5: "3.2.2-2" }, async (stage) => {
  await stage.away("c", "t");
  expect(await stage.dial().connect("c")).toMatchObject({ reasonCode: 0, sessionPresent: false });
});

prove("a session that is there is told", { v4: "3.2.2-2", v5: "3.2.2-3" }, async (stage) => {
  await stage.away("c", "t");
  const answer = await stage.dial().connect("c", stage.lastingOptions());
  expect(answer).toMatchObject({ reasonCode: 0, sessionPresent: true });
});

prove("no session there", { v4: "3.2.2-3", v5: "3.2.2-3" }, async (stage) => {
  const answer = await stage.dial().connect("c", stage.lastingOptions());
  expect(answer).toMatchObject({ reasonCode: 0, sessionPresent: false });
});

prove("silence of one and a half keep-alives", { v4: "3.1.2-24", v5: "3.1.2-22" }, async (stage) => {
  const client = await stage.connect("c", { keepAliveSeconds: 10 });
  await stage.house.pass(14);
  expect(client.ended).toBe(false);
  await stage.house.pass(3);
  expect(client.ended).toBe(true);
});

prove("every packet counts for the keep-alive", { v4: "3.1.2-24", v5: "3.1.2-22" }, async (stage) => {
  const client = await stage.connect("c", { keepAliveSeconds: 10 });
  for (let turn = 0; turn < 5; turn++) {
    client.bytes(raw(0xc0));
    await settled();
    await stage.house.pass(13);
  }
  expect(client.ended).toBe(false);
});

prove("the client's keep-alive where none is given", { v5: "3.2.2-22" }, async (stage) => {
  const client = stage.dial();
  const { properties } = await client.connect("c", { keepAliveSeconds: 20 });
  expect(properties.serverKeepAliveSeconds).toBeUndefined();
  await stage.house.pass(28);
  expect(client.ended).toBe(false);
  await stage.house.pass(4);
  expect(client.ended).toBe(true);
});

prove("no Response Information", { v5: "3.1.2-28" }, async (stage) => {
  const client = stage.dial();
  client.bytes(rawConnect(5, 2, properties(0x19, 0), text("c")));
  const { properties: told } = await client.next("connack");
  expect(told.responseInformation).toBeUndefined();
});

prove("CONNACK has codes of its table", { v5: "3.2.2-8" }, async (stage) => {
  // What reads here refuses others.
  for (const refused of ["bad-credentials", "not-authorized", "banned"] as const) {
    stage.house.rules = { authenticate: () => ({ refused }) };
    expect((await stage.dial().connect("c")).reasonCode).toBeGreaterThanOrEqual(0x80);
  }
});

prove("no reason string that makes CONNACK too large", { v5: "3.2.2-19" }, async (stage) => {
  stage.house.rules = { authenticate: () => ({ refused: "banned" }) };
  const client = stage.dial();
  const { properties } = await client.connect("c", { properties: { maximumPacketSize: 12 } });
  expect(properties.reasonString).toBeUndefined();
  const other = stage.dial();
  expect((await other.connect("c")).properties.reasonString).toBe(
    "too many attempts failed: try again later",
  );
});

prove("no user property in CONNACK", { v5: "3.2.2-20" }, async (stage) => {
  const { properties } = await stage.dial().connect("c", { properties: { maximumPacketSize: 40 } });
  expect(properties.userProperties).toBeUndefined();
});

prove("who has no room for CONNACK is not let in without it", { v5: "3.1.2-24" }, async (stage) => {
  await stage.away("c", "t");
  await stage.publish("t", "1", { qos: 1 });
  const client = stage.dial();
  const properties = { maximumPacketSize: 10, sessionExpirySeconds: 1_000 };
  client.greet("c", { cleanStart: false, properties });
  await client.end();
  expect(client.heard).toEqual([]);
});
