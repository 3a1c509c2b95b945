import assert from "node:assert/strict";
import { StoreError } from "@tram/core";
import { BASE, type BrokerRule, textOf } from "./broker-case.ts";
import { becomes, quiet, soon } from "./soon.ts";

/** What is acknowledged, and what becomes of a message that cannot be kept. */
export const KEEPING_RULES: readonly BrokerRule[] = [
  {
    name: "listeners in the process hear a message when it is kept, not before",
    try: async (room) => {
      const mouth = await room.connect();
      const heard: string[] = [];
      room.broker.subscribe(`${BASE}/#`, { qos: 1 }, (one) => void heard.push(textOf(one)));
      const release = room.house.store.hold();
      const sent = mouth.send(`${BASE}/a`, "x");
      await becomes("the house was asked", () => room.house.payloads, ["x"]);
      await quiet();
      const early = [...heard];
      release();
      await soon("the acknowledgement", sent);
      await becomes("what was heard", () => heard, ["x"]);
      assert.deepEqual(early, []);
    },
  },
  {
    name: "no acknowledgement before the message is kept, at QoS 1 and at QoS 2",
    needs: "acknowledgesWhenKept",
    try: async (room) => {
      const mouth = await room.connect();
      for (const qos of [1, 2] as const) {
        const release = room.house.store.hold();
        let acknowledged = false;
        const sent = mouth.send(`${BASE}/a`, String(qos), { qos }).then(() => {
          acknowledged = true;
        });
        await becomes("the house was asked", () => room.house.payloads.at(-1), String(qos));
        await quiet();
        const early = acknowledged || mouth.packets.includes(qos === 1 ? "puback" : "pubrec");
        release();
        await soon("the acknowledgement", sent);
        assert.equal(early, false, `it was acknowledged at QoS ${qos} before it was kept`);
      }
    },
  },
  {
    name: "what is kept is acknowledged while an earlier message of another client still waits",
    needs: "acknowledgesWhenKept",
    try: async (room) => {
      const [slow, quick] = [await room.connect(), await room.connect()];
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      const { hooks } = room.house;
      const accept = hooks.accept.bind(hooks);
      hooks.accept = (client, message, enlist) => {
        const kept = accept(client, message, enlist);
        return textOf(message) === "slow" ? held.then(() => kept) : kept;
      };
      const waiting = slow.send(`${BASE}/a`, "slow");
      await becomes("the house was asked", () => room.house.payloads, ["slow"]);
      await quick.publish(`${BASE}/a`, "quick");
      release();
      await soon("the acknowledgement", waiting);
    },
  },
  {
    name: "a message that the store does not keep is not acknowledged but routed once, and its client stays",
    needs: "acknowledgesWhenKept",
    try: async (room) => {
      const [mouth, ears] = [await room.connect(), await room.connect()];
      await ears.subscribe(`${BASE}/#`, 1);
      room.house.store.failWith(new StoreError("full", "the disk is full"));
      let acknowledged = false;
      mouth.send(`${BASE}/a`, "x").then(
        () => {
          acknowledged = true;
        },
        () => undefined, // The end of the test.
      );
      await becomes("what was heard", () => ears.payloads, ["x"]);
      await quiet();
      assert.deepEqual([acknowledged, mouth.closed, ears.payloads], [false, false, ["x"]]);
      // QoS 0 asks for no acknowledgement: local control goes on.
      await mouth.publish(`${BASE}/a`, "y", { qos: 0 });
      await becomes("what was heard", () => ears.payloads, ["x", "y"]);
    },
  },
  {
    name: "what was not kept is offered again after `askAgain`, and then acknowledged",
    try: async (room) => {
      const mouth = await room.connect({ id: "patient", clean: false, comesBack: true });
      room.house.store.failWith(new StoreError("full", "the disk is full"));
      // MQTT 5 has a reason code for it, and its clients decide for themselves when to try again.
      let told = false;
      const sent = mouth.send(`${BASE}/a`, "x").catch(() => {
        told = true;
      });
      await becomes("the house was asked", () => room.house.payloads, ["x"]);
      await quiet();
      room.house.store.failWith(undefined);
      room.broker.askAgain();
      if (told && room.version === 5) await mouth.publish(`${BASE}/a`, "x");
      await becomes("the house was asked again", () => room.house.payloads, ["x", "x"]);
      await soon("the acknowledgement", sent);
      room.broker.askAgain();
      await quiet();
      assert.deepEqual(room.house.payloads, ["x", "x"]);
    },
  },
  {
    name: "a message that the house refuses reaches no listener in the process",
    try: async (room) => {
      const mouth = await room.connect();
      const heard: string[] = [];
      room.broker.subscribe(`${BASE}/#`, { qos: 1 }, (one) => void heard.push(textOf(one)));
      room.house.rules.accept = (_client, one) => {
        if (textOf(one) === "bad") throw new Error("not wanted");
        return textOf(one) !== "swallowed";
      };
      await mouth.publish(`${BASE}/a`, "swallowed");
      mouth.send(`${BASE}/a`, "bad").catch(() => undefined); // Refused, by engines that can.
      await becomes("the house was asked", () => room.house.payloads.at(-1), "bad");
      const other = await room.connect();
      await other.publish(`${BASE}/a`, "good");
      await becomes("what was heard", () => heard, ["good"]);
      assert.deepEqual(room.house.payloads, ["swallowed", "bad", "good"]);
    },
  },
  {
    name: "a message that the house swallows is acknowledged, reaches nobody and is not retained",
    needs: "ownClients",
    try: async (room) => {
      const [mouth, ears] = [await room.connect(), await room.connect()];
      await ears.subscribe(`${BASE}/#`);
      room.house.rules.accept = (_client, one) => textOf(one) !== "swallowed";
      await mouth.publish(`${BASE}/a`, "swallowed", { retain: true });
      await mouth.publish(`${BASE}/b`, "seen");
      await becomes("what was heard", () => ears.payloads, ["seen"]);
      const later = await room.connect();
      await later.subscribe(`${BASE}/#`);
      await quiet();
      assert.deepEqual(later.payloads, []);
    },
  },
  {
    name: "a message that the house refuses is refused, and neither routed nor retained",
    needs: "ownClients",
    try: async (room) => {
      const [mouth, ears] = [await room.connect(), await room.connect()];
      await ears.subscribe(`${BASE}/#`);
      room.house.rules.accept = () => {
        throw new Error("not wanted");
      };
      await refused(room.version, mouth.send(`${BASE}/a`, "bad", { retain: true }), () => mouth.closed);
      room.house.rules = {};
      const later = await room.connect();
      await later.subscribe(`${BASE}/#`);
      await later.publish(`${BASE}/b`, "good");
      await becomes("what was heard", () => [ears.payloads, later.payloads], [["good"], ["good"]]);
    },
  },
];

/** 3.1.1 §3.3.5 knows no refusal but the end of the connection; 5.0 has reason codes. */
export async function refused(version: 4 | 5, sent: Promise<void>, closed: () => boolean): Promise<void> {
  let answer: "acknowledged" | "refused" | undefined;
  sent.then(
    () => {
      answer = "acknowledged";
    },
    () => {
      answer = "refused";
    },
  );
  await becomes("the refusal", () => closed() || (version === 5 && answer === "refused"), true);
  assert.notEqual(answer, "acknowledged");
}
