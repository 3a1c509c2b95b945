import { expect } from "vitest";
import { settled } from "../testing/house.ts";
import { prove } from "../testing/prove.ts";
import { texts } from "../testing/stage.ts";

// Sessions, and who they belong to: §3.1.2.4, §3.1.4, §4.1.

prove("a session that is there is taken up", { v4: "3.1.2-4", v5: "3.1.2-5" }, async (stage) => {
  await stage.away("c", "t");
  const back = await stage.lasting("c");
  await stage.publish("t", "1");
  expect(texts(back)).toEqual(["1"]);
});

prove("where there is none a session begins", { v4: "3.1.2-4", v5: "3.1.2-6" }, async (stage) => {
  const client = stage.dial();
  const answer = await client.connect("c", stage.lastingOptions());
  expect(answer).toMatchObject({ reasonCode: 0, sessionPresent: false });
  await client.subscribe("t");
  await stage.publish("t", "1");
  expect(texts(client)).toEqual(["1"]);
});

prove(
  "messages above QoS 0 wait for who is away",
  { v4: "3.1.2-5 4.5.0-1", v5: "3.1.2-23 4.5.0-1" },
  async (stage) => {
    await stage.away("c", "t");
    await stage.publish("t", "1", { qos: 1 });
    await stage.publish("t", "2", { qos: 2 });
    const back = await stage.lasting("c");
    await settled();
    expect(texts(back)).toEqual(["1", "2"]);
  },
);

prove("a message goes to every session that matches", { v4: "4.5.0-1", v5: "4.5.0-1" }, async (stage) => {
  const here = await stage.subscriber("t");
  const other = await stage.lasting("other");
  await other.subscribe("+");
  await stage.publish("t", "1", { qos: 1 });
  expect([texts(here), texts(other)]).toEqual([["1"], ["1"]]);
});

prove(
  "a clean start ends the earlier session",
  { v4: "3.1.2-6 3.1.4-3", v5: "3.1.2-4 3.1.4-4" },
  async (stage) => {
    await stage.away("c", "t");
    await stage.publish("t", "old", { qos: 1 });
    const back = await stage.connect("c");
    await stage.publish("t", "new", { qos: 1 });
    await settled();
    expect(texts(back)).toEqual([]);
  },
);

prove("a session without a life of its own ends with its connection", { v4: "3.1.2-6" }, async (stage) => {
  const client = await stage.connect("c");
  await client.subscribe("t");
  await stage.lose(client);
  await stage.publish("t", "1", { qos: 1 });
  const back = await stage.lasting("c");
  await settled();
  expect(texts(back)).toEqual([]);
});

prove("retained messages outlive the session of who published them", { v4: "3.1.2-7" }, async (stage) => {
  const client = await stage.connect("c");
  client.publish("t", "1", { qos: 1, retain: true });
  await client.next("puback");
  await stage.lose(client);
  expect(texts(await stage.subscriber("t"))).toEqual(["1"]);
});

prove("another client id is another session", { v4: "3.1.3-2", v5: "3.1.3-2" }, async (stage) => {
  await stage.away("c", "t");
  const other = stage.dial();
  expect(await other.connect("d", stage.lastingOptions())).toMatchObject({ sessionPresent: false });
  await stage.publish("t", "1");
  expect(texts(other)).toEqual([]);
});

prove("who has the client id is disconnected", { v4: "3.1.4-2", v5: "3.1.4-3" }, async (stage) => {
  const first = await stage.connect("c");
  await stage.connect("c");
  await first.end();
  const farewell = first.heard.map((packet) => packet.type === "disconnect" && packet.reasonCode);
  expect(farewell).toEqual(stage.version === 5 ? [0x8e] : []);
});

prove("a session lasts as long as its connection", { v4: "4.1.0-2", v5: "4.1.0-1" }, async (stage) => {
  await stage.open({ keepAliveSeconds: 0, sessionExpirySeconds: 100 });
  const client = await stage.connect("c");
  await client.subscribe("t");
  await stage.house.pass(1_000);
  await stage.publish("t", "1");
  expect(texts(client)).toEqual(["1"]);
});

prove("so does one that was taken up again", { v4: "4.1.0-2", v5: "4.1.0-1" }, async (stage) => {
  await stage.open({ keepAliveSeconds: 0, sessionExpirySeconds: 100 });
  await stage.away("c", "t");
  await stage.house.pass(40);
  const back = await stage.lasting("c");
  await stage.house.pass(1_000);
  await stage.publish("t", "1");
  expect(texts(back)).toEqual(["1"]);
});

prove("session state is kept while the client is away", { v4: "4.1.0-1", v5: "3.1.2-23" }, async (stage) => {
  await stage.open({ sessionExpirySeconds: 1_000 });
  await stage.away("c", "t");
  await stage.house.pass(900);
  await stage.publish("t", "1", { qos: 1 });
  expect(texts(await stage.lasting("c"))).toEqual(["1"]);
});

prove("session state goes when its time has passed", { v5: "4.1.0-2" }, async (stage) => {
  await stage.away("c", "t");
  await stage.house.pass(1_001);
  expect(stage.house.broker.sessions()).toEqual([]);
  const back = stage.dial();
  expect(await back.connect("c", stage.lastingOptions())).toMatchObject({ sessionPresent: false });
});

prove("DISCONNECT may shorten the life of the session", { v5: "4.1.0-2" }, async (stage) => {
  const client = await stage.lasting("c");
  client.say({ type: "disconnect", reasonCode: 0, properties: { sessionExpirySeconds: 0 } });
  await client.end();
  const back = stage.dial();
  expect(await back.connect("c", stage.lastingOptions())).toMatchObject({ sessionPresent: false });
});
