import assert from "node:assert/strict";
import { BASE, type BrokerRule, message, textOf } from "./broker-case.ts";
import { becomes, quiet } from "./soon.ts";

/** Who gets what, when, and with which flags. */
export const DELIVERY_RULES: readonly BrokerRule[] = [
  {
    name: "a message reaches the house and every subscriber, with the lower QoS of the two",
    try: async (room) => {
      const [mouth, ears] = [await room.connect(), await room.connect()];
      assert.equal(await ears.subscribe(`${BASE}/#`, 1), 1);
      for (const qos of [0, 1, 2] as const) await mouth.publish(`${BASE}/q`, String(qos), { qos });
      await becomes("what was heard", () => ears.heard.map(({ payload, qos }) => [payload, qos]), [
        ["0", 0],
        ["1", 1],
        ["2", 1],
      ]);
      await becomes("what the house was asked", () => room.house.payloads, ["0", "1", "2"]);
    },
  },
  {
    name: "a message of QoS 2 comes exactly once",
    try: async (room) => {
      const [mouth, ears] = [await room.connect(), await room.connect()];
      await ears.subscribe(`${BASE}/#`, 2);
      for (let count = 0; count < 20; count++) await mouth.publish(`${BASE}/q`, String(count), { qos: 2 });
      const all = Array.from({ length: 20 }, (_, count) => String(count));
      await becomes("what was heard", () => ears.payloads, all);
      assert.ok(ears.heard.every(({ qos }) => qos === 2));
    },
  },
  {
    name: "messages of one client keep their order",
    try: async (room) => {
      const [mouth, ears] = [await room.connect(), await room.connect()];
      await ears.subscribe(`${BASE}/#`, 1);
      const all = Array.from({ length: 200 }, (_, count) => String(count));
      await Promise.all(all.map((payload) => mouth.publish(`${BASE}/n`, payload)));
      await becomes("what was heard", () => ears.payloads, all);
      await becomes("what the house was asked", () => room.house.payloads, all);
    },
  },
  {
    name: "filters match by levels, and topics with $ only when they are named",
    try: async (room) => {
      const [mouth, ears] = [await room.connect(), await room.connect()];
      await ears.subscribe(`${BASE}/+/x`);
      await ears.subscribe("+/contract-only");
      for (const topic of [`${BASE}/a/x`, `${BASE}/a/y`, `${BASE}/a/b/x`, "contract/contract-only"]) {
        await mouth.publish(topic, topic);
      }
      await becomes("what was heard", () => ears.payloads, [`${BASE}/a/x`, "contract/contract-only"]);
    },
  },
  {
    name: "who unsubscribed by ending a session gets nothing of it",
    try: async (room) => {
      const mouth = await room.connect();
      const before = await room.connect({ id: "reader" });
      await before.subscribe(`${BASE}/#`);
      await before.disconnect();
      await mouth.publish(`${BASE}/a`, "missed");
      const after = await room.connect({ id: "reader" });
      await mouth.publish(`${BASE}/a`, "unwanted");
      await quiet();
      assert.deepEqual([after.sessionPresent, after.payloads], [false, []]);
    },
  },
  {
    name: "retained messages come first to who subscribes later, with the flag, and are cleared by an empty one",
    try: async (room) => {
      const [mouth, live] = [await room.connect(), await room.connect()];
      await live.subscribe(`${BASE}/#`);
      await mouth.publish(`${BASE}/kept`, "1", { retain: true });
      await mouth.publish(`${BASE}/kept`, "2", { retain: true });
      await mouth.publish(`${BASE}/gone`, "1", { retain: true });
      await mouth.publish(`${BASE}/gone`, "", { retain: true });
      await becomes("what was heard live", () => live.heard.map(({ payload, retain }) => [payload, retain]), [
        ["1", false],
        ["2", false],
        ["1", false],
        ["", false],
      ]);
      const later = await room.connect();
      await later.subscribe(`${BASE}/#`);
      await becomes("what is retained", () => later.heard.map(({ payload, retain }) => [payload, retain]), [
        ["2", true],
      ]);
    },
  },
  {
    name: "a session that stays keeps what comes while its client is away",
    try: async (room) => {
      const mouth = await room.connect();
      const away = await room.connect({ id: "sleeper", clean: false });
      assert.equal(away.sessionPresent, false);
      await away.subscribe(`${BASE}/#`, 1);
      await away.disconnect();
      for (const payload of ["1", "2", "3"]) await mouth.publish(`${BASE}/a`, payload);
      const back = await room.connect({ id: "sleeper", clean: false });
      assert.equal(back.sessionPresent, true);
      await becomes("what waited", () => back.payloads, ["1", "2", "3"]);
      await mouth.publish(`${BASE}/a`, "4");
      await becomes("what came", () => back.payloads, ["1", "2", "3", "4"]);
      await back.disconnect();
      const fresh = await room.connect({ id: "sleeper", clean: true });
      assert.equal(fresh.sessionPresent, false);
    },
  },
  {
    name: "a client id that connects again takes over",
    try: async (room) => {
      const mouth = await room.connect();
      const first = await room.connect({ id: "twin" });
      const second = await room.connect({ id: "twin" });
      await becomes("the first connection closed", () => first.closed, true);
      await second.subscribe(`${BASE}/#`);
      await mouth.publish(`${BASE}/a`, "x");
      await becomes("what the second hears", () => second.payloads, ["x"]);
    },
  },
  {
    name: "a will is published when its client vanishes, and not when it says goodbye",
    try: async (room) => {
      const ears = await room.connect();
      await ears.subscribe(`${BASE}/#`);
      const polite = await room.connect({ will: { topic: `${BASE}/will`, payload: "polite" } });
      await polite.disconnect();
      const lost = await room.connect({ will: { topic: `${BASE}/will`, payload: "lost", retain: true } });
      lost.cut();
      await becomes("what was heard", () => ears.payloads, ["lost"]);
      await becomes("what the house was asked", () => room.house.payloads, ["lost"]);
      const later = await room.connect();
      await later.subscribe(`${BASE}/#`);
      await becomes("the retained will", () => later.payloads, ["lost"]);
    },
  },
  {
    name: "the gateway publishes to clients, past the house, retained where it says so",
    try: async (room) => {
      const ears = await room.connect();
      await ears.subscribe(`${BASE}/#`, 1);
      await room.broker.publish(message(`${BASE}/a`, "1"));
      await room.broker.publish(message(`${BASE}/b`, "2", { qos: 0 }));
      await room.broker.publish(message(`${BASE}/c`, "3", { retain: true }));
      await becomes("what was heard", () => ears.heard.map(({ payload, qos }) => [payload, qos]), [
        ["1", 1],
        ["2", 0],
        ["3", 1],
      ]);
      const later = await room.connect();
      await later.subscribe(`${BASE}/#`);
      await becomes("what is retained", () => later.payloads, ["3"]);
      assert.deepEqual(room.house.payloads, []);
    },
  },
  {
    name: "a listener in the process hears clients and the gateway, what is retained first, until it is disposed",
    try: async (room) => {
      const mouth = await room.connect();
      await mouth.publish(`${BASE}/a`, "before", { retain: true });
      await becomes("the house was asked", () => room.house.payloads.length, 1);
      const heard: string[] = [];
      const subscription = room.broker.subscribe(`${BASE}/+`, { qos: 0 }, (one) => {
        heard.push(`${textOf(one)} ${one.qos}`);
      });
      await becomes("what is retained", () => heard, ["before 0"]);
      await mouth.publish(`${BASE}/a`, "client");
      await becomes("a client's", () => heard, ["before 0", "client 0"]);
      await room.broker.publish(message(`${BASE}/b`, "gateway"));
      await mouth.publish(`${BASE}/a/deeper`, "elsewhere");
      await becomes("the gateway's", () => heard, ["before 0", "client 0", "gateway 0"]);
      subscription[Symbol.dispose]();
      await mouth.publish(`${BASE}/a`, "after");
      await becomes("the house was asked", () => room.house.payloads.at(-1), "after");
      await quiet();
      assert.deepEqual(heard, ["before 0", "client 0", "gateway 0"]);
    },
  },
  {
    name: "topics and filters that are none are refused",
    try: async (room) => {
      await assert.rejects(async () => await room.broker.publish(message("a/+", "x")));
      assert.throws(() => room.broker.subscribe("a/#/b", { qos: 0 }, () => undefined));
    },
  },
];
