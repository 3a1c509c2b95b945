import { duplexPair } from "node:stream";
import { describe, expect, test } from "vitest";
import { ReasonCode } from "../index.ts";
import { settled, TestHouse } from "../testing/house.ts";

const LARGE = "x".repeat(100_000);

describe("before the login", () => {
  test("who says nothing is cut off after the time for CONNECT", async () => {
    const house = await TestHouse.open({ connectTimeoutMs: 5_000 });
    const silent = house.dial();
    await house.pass(4);
    expect(silent.ended).toBe(false);
    await house.pass(2);
    expect(silent.ended).toBe(true);
    expect(house.broker.metrics()).toMatchObject({ sessions: 0, connections: 0 });
  });

  test("a login that takes too long is cut off too", async () => {
    const house = await TestHouse.open({}, { authenticate: () => new Promise(() => undefined) });
    const client = house.dial();
    client.greet("slow");
    await house.pass(12);
    expect(client.ended).toBe(true);
  });

  test("the half-open connection that has waited longest makes room; who is in stays", async () => {
    const house = await TestHouse.open({ halfOpen: 3 });
    const here = await house.connect("here");
    const silent = [0, 1, 2, 3, 4].map(() => house.dial());
    await settled();
    expect(silent.map(({ ended }) => ended)).toEqual([true, true, false, false, false]);
    here.say({ type: "pingreq" });
    await here.next("pingresp");
  });

  test("a CONNECT that announces too much is refused by its length, before a byte of it is kept", async () => {
    const house = await TestHouse.open({ connectBytes: 1_000 });
    const client = house.dial();
    // 268,435,455 bytes to come.
    client.bytes(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    await client.end();
  });

  test("who is refused and goes on sending is cut off, and not read for nothing", async () => {
    const house = await TestHouse.open({ connectBytes: 1_000 });
    const [ours, theirs] = duplexPair();
    house.broker.attach(theirs, { address: "192.0.2.7", listener: "memory" });
    ours.on("error", () => undefined).resume();
    ours.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]));
    for (let part = 0; part < 10; part++) {
      await settled();
      ours.write(Buffer.alloc(200));
    }
    await settled();
    expect(theirs.destroyed).toBe(true);
  });

  test("what comes behind CONNECT waits until it is answered", async () => {
    let admit = (): void => undefined;
    const house = await TestHouse.open(
      {},
      { authenticate: () => new Promise((resolve) => (admit = () => resolve({ account: "a" }))) },
    );
    const client = house.dial();
    client.greet("hasty");
    client.publish("a", "1", { qos: 1 });
    await settled();
    expect(client.heard).toEqual([]);
    admit();
    await client.next("connack");
    await client.next("puback");
  });

  test.each([
    [{ refused: "bad-credentials" }, ReasonCode.badUserNameOrPassword, 4],
    [{ refused: "not-authorized" }, ReasonCode.notAuthorized, 5],
    [{ refused: "banned" }, ReasonCode.banned, 5],
  ] as const)("%o is told in the words of either version", async (admission, code, returnCode) => {
    const house = await TestHouse.open({}, { authenticate: () => admission });
    for (const [version, expected] of [
      [5, code],
      [4, returnCode],
    ] as const) {
      const client = house.dial({ version });
      expect(await client.connect("nobody")).toMatchObject({ reasonCode: expected, sessionPresent: false });
      await client.end();
    }
    expect(house.broker.metrics()).toMatchObject({ refused: 2, sessions: 0 });
    expect(house.lines, "once for each address and name").toHaveLength(1);
  });

  test("a login that fails inside is a refusal", async () => {
    const house = await TestHouse.open({}, { authenticate: () => Promise.reject(new Error("broken")) });
    expect(await house.dial().connect("a")).toMatchObject({ reasonCode: ReasonCode.notAuthorized });
  });

  test("sessions are bounded; who has one gets in again", async () => {
    const house = await TestHouse.open({ sessions: 2 });
    await house.connect("a");
    await house.connect("b");
    expect(await house.dial().connect("c")).toMatchObject({ reasonCode: ReasonCode.quotaExceeded });
    await house.connect("b");
  });

  test("connections are bounded", async () => {
    const house = await TestHouse.open({ connections: 1 });
    await house.connect("a");
    const second = house.dial();
    await second.end();
  });

  test("where memory is scarce nobody new is let in, and who is in stays", async () => {
    const house = await TestHouse.open({ memoryBytes: 1 });
    const here = await house.connect("here");
    await house.pass(1);
    expect(await house.dial().connect("new")).toMatchObject({ reasonCode: ReasonCode.serverBusy });
    expect(await house.dial({ version: 4 }).connect("old")).toMatchObject({ reasonCode: 3 });
    here.say({ type: "pingreq" });
    await here.next("pingresp");
  });

  test("a redirect is told with the server to use", async () => {
    const house = new TestHouse({ redirect: { permanent: true, reference: "other:1883" } });
    await house.start();
    expect(await house.dial().connect("a")).toMatchObject({
      reasonCode: ReasonCode.serverMoved,
      properties: { serverReference: "other:1883" },
    });
    expect(await house.dial({ version: 4 }).connect("a")).toMatchObject({ reasonCode: 3 });
  });
});

describe("a client that is in", () => {
  test("is held to its keep-alive", async () => {
    const house = await TestHouse.open();
    const client = await house.connect("a", { keepAliveSeconds: 10 });
    await house.pass(14);
    client.say({ type: "pingreq" });
    await client.next("pingresp");
    await house.pass(14);
    expect(client.ended).toBe(false);
    await house.pass(3);
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: ReasonCode.keepAliveTimeout });
    expect(house.disconnected).toEqual(["a: keep-alive timeout"]);
  });

  test("that publishes faster than it may is read more slowly, and loses nothing", async () => {
    const house = await TestHouse.open({ messagesPerSecond: 100, messageBurst: 10 });
    const listener = await house.connect("listener");
    await listener.subscribe("a", { qos: 0 });
    const flooder = await house.connect("flooder");
    for (let index = 0; index < 60; index++) flooder.publish("a", String(index));
    await settled(20);
    const early = listener.heard.length;
    expect([early >= 10, early < 30]).toEqual([true, true]);
    for (let turn = 0; turn < 60; turn++) {
      await house.clock.advance(20);
      await settled(2);
    }
    expect(listener.heard).toHaveLength(60);
  });

  test("does not get more than its turn while others wait", async () => {
    const house = await TestHouse.open();
    const flooder = await house.connect("flooder");
    const other = await house.connect("other");
    const packets = Array.from({ length: 5_000 }, () => Buffer.from([0x30, 5, 0, 1, 0x61, 0, 0x31]));
    flooder.bytes(Buffer.concat(packets));
    other.say({ type: "pingreq" });
    await other.next("pingresp");
    expect(house.broker.metrics().messagesIn).toBeLessThan(5_000);
    await settled(40);
    expect(house.broker.metrics().messagesIn).toBe(5_000);
  });

  test("that reads nothing misses QoS 0, which is counted, and is let go after a while", async () => {
    const house = await TestHouse.open({ drainTimeoutMs: 10_000 });
    const frozen = await house.connect("frozen", { expiry: 100 });
    await frozen.subscribe("a", { qos: 0 });
    await frozen.subscribe("b", { qos: 1 });
    const reader = await house.connect("reader");
    await reader.subscribe("a", { qos: 0 });
    frozen.freeze();
    const publisher = await house.connect("publisher");
    for (let index = 0; index < 20; index++) {
      publisher.publish("a", LARGE);
      await settled(2);
    }
    publisher.publish("b", "kept", { qos: 1 });
    await publisher.find("puback");
    expect(reader.drain()).toHaveLength(20);
    await house.pass(1);
    const slow = house.broker.sessions().find(({ id }) => id === "frozen");
    expect(slow).toMatchObject({ slow: true });
    expect(slow?.dropped).toBeGreaterThan(10);
    await house.pass(11);
    expect(house.disconnected).toEqual(["frozen: it does not read what it is sent"]);
    const back = await house.connect("frozen", { cleanStart: false, expiry: 100 });
    expect((await back.next("publish")).payload.toString()).toBe("kept");
  });

  test("has so many subscriptions, and so many filters in one packet", async () => {
    const house = await TestHouse.open({ subscriptions: 2, filtersPerPacket: 3 });
    const client = await house.connect("a");
    expect(await client.subscribe("a")).toBe(2);
    expect(await client.subscribe("b")).toBe(2);
    expect(await client.subscribe("c")).toBe(ReasonCode.quotaExceeded);
    expect(await client.subscribe("a", { qos: 1 }), "one that it has may change").toBe(1);
    const old = await house.connect("old", { version: 4 });
    const filters = ["a", "b", "c", "d"].map((filter) => ({
      filter,
      qos: 0 as const,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0 as const,
    }));
    old.say({ type: "subscribe", packetId: 1, subscriptions: filters, properties: {} });
    await old.end();
  });

  test.each([
    ["too long", "x".repeat(101)],
    ["too deep", "a/".repeat(20)],
  ])("may not use a topic that is %s", async (_what, topic) => {
    const house = await TestHouse.open({ topic: { bytes: 100, levels: 10 } });
    const client = await house.connect("a");
    expect(await client.subscribe(topic)).toBe(ReasonCode.topicFilterInvalid);
    client.publish(topic, "1");
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: ReasonCode.topicNameInvalid });
  });

  test("may not have more under way than it was told", async () => {
    const house = await TestHouse.open({ inFlight: 3 });
    const client = house.dial();
    expect(await client.connect("a", { expiry: 10 })).toMatchObject({ properties: { receiveMaximum: 3 } });
    for (let index = 0; index < 4; index++) client.publish("a", "1", { qos: 2 });
    expect(await client.find("disconnect")).toMatchObject({ reasonCode: ReasonCode.receiveMaximumExceeded });
  });

  test("of 3.1.1 waits with what is too much", async () => {
    const house = await TestHouse.open({ inFlight: 3 });
    const client = await house.connect("a", { version: 4 });
    const release = house.store.hold();
    for (let index = 0; index < 10; index++) client.publish(`r/${index}`, "1", { qos: 1, retain: true });
    await settled();
    expect(house.broker.metrics().messagesIn).toBe(3);
    release();
    await settled(30);
    expect(client.heard.filter(({ type }) => type === "puback")).toHaveLength(10);
  });

  test("finds no room for retained messages without end", async () => {
    const house = await TestHouse.open({
      // Of which one account has a quarter.
      retained: { messages: 8, bytes: 100_000 },
      retainedPayloadBytes: 100,
    });
    const client = await house.connect("a");
    const codes: number[] = [];
    for (const [topic, text] of [
      ["a", "1"],
      ["b", "1"],
      ["c", "1"],
      ["a", "2"],
      ["b", ""],
      ["c", "1"],
      ["a", "x".repeat(101)],
    ] as const) {
      client.publish(topic, text, { qos: 1, retain: true });
      codes.push((await client.next("puback")).reasonCode);
    }
    const kept = ReasonCode.noMatchingSubscribers;
    const full = ReasonCode.quotaExceeded;
    expect(codes).toEqual([kept, kept, full, kept, kept, kept, full]);
  });

  test("may not say more with a message than a bounded number of user properties", async () => {
    const house = await TestHouse.open({ userProperties: 2 });
    const client = await house.connect("a");
    const userProperties = [1, 2, 3].map((n) => [`k${n}`, "v"] as const);
    client.publish("a", "1", { qos: 1, properties: { userProperties } });
    expect(await client.next("puback")).toMatchObject({ reasonCode: ReasonCode.quotaExceeded });
  });
});

describe("an id", () => {
  test("belongs to an account: another account with it is another session", async () => {
    const house = await TestHouse.open();
    const mine = await house.connect("pump", { userName: "me", expiry: 100 });
    await mine.subscribe("secret", { qos: 1 });
    mine.disconnect();
    await mine.end();
    await house.broker.publish({ topic: "secret", payload: Buffer.from("1"), qos: 1, retain: false });
    const thief = house.dial();
    expect(await thief.connect("pump", { userName: "thief", cleanStart: false, expiry: 100 })).toMatchObject({
      sessionPresent: false,
    });
    await settled();
    expect(thief.heard).toEqual([]);
    const back = await house.connect("pump", { userName: "me", cleanStart: false, expiry: 100 });
    await back.next("publish");
    expect(thief.ended).toBe(false);
  });

  test("of another connection of the account takes over, and the first is told", async () => {
    const house = await TestHouse.open();
    const first = await house.connect("pump");
    await house.connect("pump");
    expect(await first.next("disconnect")).toMatchObject({ reasonCode: ReasonCode.sessionTakenOver });
    await first.end();
    expect(house.broker.metrics()).toMatchObject({ sessions: 1, connections: 1 });
  });
});

describe("the house's own doings", () => {
  test("disconnect by account or id, with the session or without", async () => {
    const house = await TestHouse.open();
    const [a, b] = [
      await house.connect("a", { userName: "u", expiry: 100 }),
      await house.connect("b", { userName: "u", expiry: 100 }),
    ];
    const other = await house.connect("c", { userName: "v" });
    expect(house.broker.disconnect({ clientId: "a" }, { reason: "administrative" })).toBe(1);
    expect(await a.next("disconnect")).toMatchObject({ reasonCode: ReasonCode.administrativeAction });
    expect(house.broker.sessions().map(({ id }) => id)).toContain("a");
    expect(house.broker.disconnect({ username: "u" }, { reason: "not-authorized", forget: true })).toBe(1);
    expect(await b.next("disconnect")).toMatchObject({ reasonCode: ReasonCode.notAuthorized });
    expect(house.broker.sessions().map(({ id }) => id)).toEqual(["c"]);
    expect(other.ended).toBe(false);
    await settled();
    expect((await house.store.entries("mqtt-sessions")).size).toBe(0);
  });

  test("send reaches one connection alone", async () => {
    let seen: Parameters<NonNullable<TestHouse["rules"]["maySubscribe"]>>[0] | undefined;
    const house = await TestHouse.open(
      {},
      {
        maySubscribe: (client) => {
          if (client.id === "one") seen = client;
          return true;
        },
      },
    );
    const [one, two] = [await house.connect("one"), await house.connect("two")];
    for (const client of [one, two]) await client.subscribe("reply");
    const message = { topic: "reply", payload: Buffer.from("secret"), qos: 1, retain: false } as const;
    if (seen === undefined) throw new Error("nobody subscribed");
    expect(house.broker.send(seen, message)).toBe(true);
    expect((await one.next("publish")).payload.toString()).toBe("secret");
    expect(two.heard).toEqual([]);
    one.cut();
    await settled();
    expect(house.broker.send(seen, message)).toBe(false);
  });

  test("subscribe in the process gets what is retained and what comes, until it is disposed of", async () => {
    const house = await TestHouse.open();
    const got: string[] = [];
    const take = ({
      payload,
      retain,
      topic,
    }: {
      payload: Uint8Array;
      retain: boolean;
      topic: string;
    }): void => void got.push(`${topic} ${Buffer.from(payload).toString()} ${retain}`);
    await house.broker.publish({ topic: "a/1", payload: Buffer.from("old"), qos: 0, retain: true });
    const subscription = house.broker.subscribe("a/#", { qos: 1 }, take);
    const client = await house.connect("client");
    client.publish("a/2", "new", { qos: 1 });
    await client.next("puback");
    subscription[Symbol.dispose]();
    client.publish("a/2", "later", { qos: 1 });
    await client.next("puback");
    expect(got).toEqual(["a/1 old true", "a/2 new false"]);
  });

  test("a stop says goodbye", async () => {
    const house = await TestHouse.open();
    const client = await house.connect("a");
    await house.broker.close();
    expect(await client.next("disconnect")).toMatchObject({ reasonCode: ReasonCode.serverShuttingDown });
    const late = house.dial();
    await late.end();
  });
});
