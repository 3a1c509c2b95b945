import { expect } from "vitest";
import { settled } from "../testing/house.ts";
import { prove } from "../testing/prove.ts";
import { texts } from "../testing/stage.ts";

// Retained messages: §3.3.1.3, 5.0 §3.8.3.1.

prove("a retained message is stored with its QoS", { v4: "3.3.1-5" }, async (stage) => {
  await stage.publish("t", "1", { qos: 1, retain: true });
  expect((await stage.subscriber("t")).heard).toMatchObject([{ qos: 1, payload: Buffer.from("1") }]);
});

prove("a retained message replaces the earlier one", { v4: "3.3.1-7", v5: "3.3.1-5" }, async (stage) => {
  await stage.publish("t", "1", { qos: 2, retain: true });
  await stage.publish("t", "2", { qos: 0, retain: true });
  expect((await stage.subscriber("t")).heard).toMatchObject([{ qos: 0, payload: Buffer.from("2") }]);
});

prove("a new subscription gets all that match", { v4: "3.3.1-6", v5: "3.3.1-9" }, async (stage) => {
  for (const topic of ["a/1", "a/2", "a", "b/1"]) await stage.publish(topic, topic, { retain: true });
  const client = await stage.subscriber("a/#");
  expect(texts(client).toSorted()).toEqual(["a", "a/1", "a/2"]);
});

prove("RETAIN is set for a new subscription", { v4: "3.3.1-8" }, async (stage) => {
  await stage.publish("t", "1", { qos: 1, retain: true });
  expect((await stage.subscriber("t")).heard).toMatchObject([{ retain: true }]);
});

prove("RETAIN is 0 for who has subscribed before", { v4: "3.3.1-9", v5: "3.3.1-12" }, async (stage) => {
  const client = await stage.subscriber("t");
  await stage.publish("t", "1", { retain: true });
  await stage.publish("t", "2", { qos: 1, retain: true });
  expect(client.heard).toMatchObject([{ retain: false }, { retain: false }]);
});

prove("RETAIN as published for who asked for it", { v5: "3.3.1-13" }, async (stage) => {
  const client = await stage.subscriber("t", { retainAsPublished: true });
  await stage.publish("t", "1", { retain: true });
  await stage.publish("t", "2", { retain: false });
  expect(client.heard).toMatchObject([{ retain: true }, { retain: false }]);
});

prove("an empty one is delivered", { v4: "3.3.1-10", v5: "3.3.1-6" }, async (stage) => {
  const client = await stage.subscriber("t");
  await stage.publish("t", "", { retain: true });
  expect(texts(client)).toEqual([""]);
});

prove("an empty one removes the earlier one", { v4: "3.3.1-10", v5: "3.3.1-6" }, async (stage) => {
  await stage.publish("t", "1", { retain: true });
  await stage.publish("t", "", { retain: true });
  expect((await stage.subscriber("t")).heard).toEqual([]);
});

prove("an empty one is not stored", { v4: "3.3.1-11", v5: "3.3.1-7" }, async (stage) => {
  await stage.publish("t", "", { qos: 1, retain: true });
  expect(stage.house.broker.metrics().retained).toBe(0);
  expect((await stage.subscriber("t")).heard).toEqual([]);
});

prove("without RETAIN nothing is stored", { v4: "3.3.1-12", v5: "3.3.1-8" }, async (stage) => {
  await stage.publish("t", "1", { qos: 1 });
  expect((await stage.subscriber("t")).heard).toEqual([]);
});

prove("without RETAIN nothing is replaced or removed", { v4: "3.3.1-12", v5: "3.3.1-8" }, async (stage) => {
  await stage.publish("t", "1", { qos: 1, retain: true });
  await stage.publish("t", "2", { qos: 1 });
  await stage.publish("t", "", { qos: 1 });
  expect(texts(await stage.subscriber("t"))).toEqual(["1"]);
});

prove("Retain Handling 0: with each SUBSCRIBE", { v5: "3.3.1-9 3.8.4-4" }, async (stage) => {
  await stage.publish("t", "1", { retain: true });
  const client = await stage.subscriber("t", { retainHandling: 0 });
  await client.subscribe("t", { retainHandling: 0 });
  await settled();
  expect(texts(client)).toEqual(["1", "1"]);
});

prove("Retain Handling 1: with a new subscription only", { v5: "3.3.1-10" }, async (stage) => {
  await stage.publish("t", "1", { retain: true });
  const client = await stage.subscriber("t", { retainHandling: 1 });
  await client.subscribe("t", { retainHandling: 1 });
  await settled();
  expect(texts(client)).toEqual(["1"]);
});

prove("Retain Handling 2: never", { v5: "3.3.1-11" }, async (stage) => {
  await stage.publish("t", "1", { retain: true });
  const client = await stage.subscriber("t", { retainHandling: 2 });
  await settled();
  expect(client.heard).toEqual([]);
});
