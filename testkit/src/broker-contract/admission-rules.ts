import assert from "node:assert/strict";
import { BASE, type BrokerRule, message } from "./broker-case.ts";
import { ACCOUNT } from "./contract-house.ts";
import { refused } from "./keeping-rules.ts";
import { becomes, quiet } from "./soon.ts";

/** Who may come in, what each may do, and how they are let go. */
export const ADMISSION_RULES: readonly BrokerRule[] = [
  {
    name: "nobody comes in without an account: not with a wrong password, and not without any",
    needs: "ownClients",
    try: async (room) => {
      await assert.rejects(room.connect({ password: "wrong" }));
      await assert.rejects(room.connect({ username: undefined, password: undefined }));
      room.house.rules.authenticate = () => ({ refused: "banned" });
      await assert.rejects(room.connect());
      assert.deepEqual([room.house.connected, room.broker.sessions()], [[], []]);
      assert.equal(room.broker.metrics().refused, 3);
    },
  },
  {
    name: "the house knows who is there: the same object from the login to the end",
    needs: "ownClients",
    try: async (room) => {
      const { house } = room;
      house.rules.authenticate = () => ({ account: "another-name" });
      const client = await room.connect({ id: "me" });
      await client.publish(`${BASE}/a`, "x");
      const [known] = house.connected;
      const protocol = room.version === 5 ? "5.0" : "3.1.1";
      assert.partialDeepStrictEqual(known, {
        id: "me",
        username: "another-name",
        address: "127.0.0.1",
        protocol,
      });
      assert.equal(house.asked[0]?.client, known);
      assert.partialDeepStrictEqual(room.broker.sessions(), [{ id: "me", username: "another-name" }]);
      assert.equal(room.broker.sessions()[0]?.connection, known);
      assert.equal(room.broker.metrics().connections, 1);
      client.cut();
      await becomes("who is gone", () => house.disconnected.length, 1);
      assert.equal(house.disconnected[0], known);
    },
  },
  {
    name: "a publication that is not allowed is refused, and reaches neither house nor subscriber",
    needs: "ownClients",
    try: async (room) => {
      room.house.rules.mayPublish = (_client, topic) => !topic.startsWith(`${BASE}/secret`);
      const [mouth, ears] = [await room.connect(), await room.connect()];
      await ears.subscribe(`${BASE}/#`);
      await refused(room.version, mouth.send(`${BASE}/secret`, "x", { retain: true }), () => mouth.closed);
      const other = await room.connect();
      await other.publish(`${BASE}/open`, "y");
      await becomes("what was heard", () => ears.payloads, ["y"]);
      assert.deepEqual(room.house.payloads, ["y"]);
    },
  },
  {
    name: "a subscription that is not allowed is refused alone",
    needs: "ownClients",
    try: async (room) => {
      room.house.rules.maySubscribe = (_client, filter) => filter !== `${BASE}/secret`;
      const client = await room.connect();
      assert.ok((await client.subscribe(`${BASE}/secret`)) >= 0x80);
      assert.equal(await client.subscribe(`${BASE}/open`), 1);
      await client.publish(`${BASE}/secret`, "x");
      await client.publish(`${BASE}/open`, "y");
      await becomes("what was heard", () => client.payloads, ["y"]);
    },
  },
  {
    name: "a will that is not allowed is never published",
    needs: "ownClients",
    try: async (room) => {
      room.house.rules.mayPublish = (_client, topic) => topic !== `${BASE}/secret`;
      const ears = await room.connect();
      await ears.subscribe(`${BASE}/#`);
      const will = { topic: `${BASE}/secret`, payload: "lost" };
      // Refused at the login, or when it is due.
      const client = await room.connect({ will }).catch(() => undefined);
      client?.cut();
      const other = await room.connect();
      await other.publish(`${BASE}/open`, "y");
      await becomes("what was heard", () => ears.payloads, ["y"]);
      await quiet();
      assert.deepEqual([ears.payloads, room.house.payloads], [["y"], ["y"]]);
    },
  },
  {
    name: "a message to one connection reaches that one, whatever it has subscribed to",
    needs: "ownClients",
    try: async (room) => {
      const [one, other] = [await room.connect({ id: "one" }), await room.connect({ id: "other" })];
      await other.subscribe("#");
      const known = room.house.connected.find(({ id }) => id === "one");
      assert.ok(known !== undefined);
      assert.equal(room.broker.send(known, message("reply/to", "you")), true);
      await becomes("what it heard", () => one.payloads, ["you"]);
      one.cut();
      await becomes("who is gone", () => room.house.disconnected.length, 1);
      assert.equal(room.broker.send(known, message("reply/to", "nobody")), false);
      await quiet();
      assert.deepEqual(other.payloads, []);
    },
  },
  {
    name: "an account or a client id is disconnected, and nobody else",
    needs: "ownClients",
    try: async (room) => {
      room.house.rules.authenticate = ({ clientId }) => ({ account: clientId.startsWith("a") ? "a" : "b" });
      const [a1, a2, b] = [
        await room.connect({ id: "a1" }),
        await room.connect({ id: "a2" }),
        await room.connect({ id: "b" }),
      ];
      assert.equal(room.broker.disconnect({ username: "a" }, { reason: "not-authorized" }), 2);
      await becomes("who is cut off", () => [a1.closed, a2.closed, b.closed], [true, true, false]);
      assert.equal(room.broker.disconnect({ clientId: "b" }, { reason: "administrative" }), 1);
      await becomes("who is cut off", () => b.closed, true);
      assert.equal(room.broker.disconnect({ clientId: "b" }, { reason: "administrative" }), 0);
    },
  },
  {
    name: "at the stop every client is let go, and no will is published: it is the gateway that goes",
    needs: "ownClients",
    try: async (room) => {
      const will = { topic: `${BASE}/will`, payload: "lost" };
      const clients = [await room.connect({ will }), await room.connect({ will })];
      const [ears] = clients;
      await ears?.subscribe(`${BASE}/#`);
      const last = message(`${BASE}/last`, "words");
      await room.broker.publish(last);
      await room.close();
      await becomes("who is let go", () => clients.map(({ closed }) => closed), [true, true]);
      assert.deepEqual([ears?.payloads, room.house.payloads], [["words"], []]);
      await assert.rejects(
        (async () => {
          await room.open();
          return room.connect({ ...ACCOUNT, password: "wrong" });
        })(),
      );
    },
  },
];
