import { expect } from "vitest";
import { settled } from "../testing/house.ts";
import { prove } from "../testing/prove.ts";
import { texts } from "../testing/stage.ts";

// Wills: §3.1.2.5 to §3.1.2.7, 5.0 §3.1.3.2, §3.14.4.

prove("the will of who is lost is published", { v4: "3.1.2-8", v5: "3.1.2-7 3.1.2-8" }, async (stage) => {
  const listener = await stage.subscriber("will");
  await stage.lose(await stage.connect("c", { will: { qos: 1 } }));
  expect(listener.heard).toMatchObject([{ type: "publish", payload: Buffer.from("lost"), qos: 1 }]);
});

prove("the will of who broke the protocol is published", { v4: "3.1.2-8", v5: "3.1.2-8" }, async (stage) => {
  const listener = await stage.subscriber("will");
  const client = await stage.connect("c", { will: {} });
  client.bytes(Buffer.from([0x36, 0]));
  await client.end();
  await settled();
  expect(texts(listener)).toEqual(["lost"]);
});

prove("the will of who fell silent is published", { v4: "3.1.2-8", v5: "3.1.2-8" }, async (stage) => {
  const listener = await stage.subscriber("will");
  await stage.connect("c", { will: {}, keepAliveSeconds: 10 });
  await stage.house.pass(17);
  expect(texts(listener)).toEqual(["lost"]);
});

prove("DISCONNECT with wrong flags does not withdraw the will", { v4: "3.14.1-1" }, async (stage) => {
  const listener = await stage.subscriber("will");
  const client = await stage.connect("c", { will: {} });
  client.bytes(Buffer.from([0xe1, 0]));
  await client.end();
  await settled();
  expect(texts(listener)).toEqual(["lost"]);
});

prove("a will waits for its delay", { v5: "3.1.2-8" }, async (stage) => {
  const listener = await stage.subscriber("will");
  await stage.lose(await stage.lasting("c", { will: { properties: { willDelaySeconds: 10 } } }));
  await stage.house.pass(9);
  expect(texts(listener)).toEqual([]);
  await stage.house.pass(2);
  expect(texts(listener)).toEqual(["lost"]);
});

prove("a will waits no longer than its session", { v5: "3.1.2-8" }, async (stage) => {
  const listener = await stage.subscriber("will");
  const will = { properties: { willDelaySeconds: 100 } };
  await stage.lose(await stage.lasting("c", { will, expiry: 10 }));
  await stage.house.pass(11);
  expect(texts(listener)).toEqual(["lost"]);
});

prove("no will of who is back within its delay", { v5: "3.1.3-9" }, async (stage) => {
  const listener = await stage.subscriber("will");
  await stage.lose(await stage.lasting("c", { will: { properties: { willDelaySeconds: 10 } } }));
  await stage.house.pass(5);
  await stage.lasting("c");
  await stage.house.pass(20);
  expect(texts(listener)).toEqual([]);
});

prove("nor of who is back with a will of its own", { v5: "3.1.3-9" }, async (stage) => {
  const listener = await stage.subscriber("will");
  const will = { properties: { willDelaySeconds: 10 } };
  await stage.lose(await stage.lasting("c", { will }));
  await stage.house.pass(5);
  await stage.lasting("c", { will });
  await stage.house.pass(20);
  expect(texts(listener)).toEqual([]);
});

prove("a will that was published is gone", { v4: "3.1.2-10", v5: "3.1.2-10" }, async (stage) => {
  const listener = await stage.subscriber("will");
  await stage.lose(await stage.lasting("c", { will: {} }));
  expect(stage.house.broker.sessions().find(({ id }) => id === "c")?.will).toBeUndefined();
  await stage.lose(await stage.lasting("c"));
  expect(texts(listener)).toEqual(["lost"]);
});

prove(
  "DISCONNECT withdraws the will",
  { v4: "3.1.2-10 3.14.4-3", v5: "3.1.2-10 3.14.4-3" },
  async (stage) => {
    const listener = await stage.subscriber("will");
    const client = await stage.lasting("c", { will: {} });
    client.disconnect();
    await client.end();
    await stage.lose(await stage.lasting("c"));
    expect(texts(listener)).toEqual([]);
  },
);

prove("DISCONNECT with 0x04 asks for the will", { v5: "3.1.2-8" }, async (stage) => {
  const listener = await stage.subscriber("will");
  const client = await stage.connect("c", { will: {} });
  client.say({ type: "disconnect", reasonCode: 0x04, properties: {} });
  await client.end();
  await settled();
  expect(texts(listener)).toEqual(["lost"]);
});

prove("without a will nothing is published", { v4: "3.1.2-12" }, async (stage) => {
  const listener = await stage.subscriber("#");
  await stage.lose(await stage.lasting("c", { will: {} }));
  expect(texts(listener)).toEqual(["lost"]);
  await stage.lose(await stage.lasting("c"));
  expect(texts(listener)).toEqual(["lost"]);
});

prove("a will that is not to be retained is not", { v4: "3.1.2-16", v5: "3.1.2-14" }, async (stage) => {
  await stage.lose(await stage.connect("c", { will: { retain: false } }));
  expect(texts(await stage.subscriber("will"))).toEqual([]);
});

prove("a will that is to be retained is", { v4: "3.1.2-17", v5: "3.1.2-15" }, async (stage) => {
  await stage.lose(await stage.connect("c", { will: { retain: true, qos: 1 } }));
  const later = await stage.subscriber("will");
  expect(later.heard).toMatchObject([{ qos: 1, payload: Buffer.from("lost") }]);
});

prove("the user properties of a will keep their order", { v5: "3.1.3-10" }, async (stage) => {
  const listener = await stage.subscriber("will");
  const userProperties = [
    ["b", "1"],
    ["a", "2"],
    ["b", "0"],
  ] as const;
  await stage.lose(await stage.connect("c", { will: { properties: { userProperties } } }));
  expect(listener.heard).toMatchObject([{ properties: { userProperties } }]);
});
