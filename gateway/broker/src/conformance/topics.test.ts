import { expect } from "vitest";
import { prove } from "../testing/prove.ts";
import { type Stage, texts } from "../testing/stage.ts";

// Topic names and filters: §4.7, and strings: 3.1.1 §1.5.3, 5.0 §1.5.4.

async function matching(stage: Stage, filter: string, topics: readonly string[]): Promise<string[]> {
  const client = await stage.subscriber(filter);
  for (const topic of topics) await stage.publish(topic, topic);
  return texts(client);
}

prove("a byte order mark is a character", { v4: "1.5.3-3", v5: "1.5.4-3" }, async (stage) => {
  const client = await stage.subscriber("#");
  await client.subscribe("a");
  await stage.publish("\ufeffa", "1");
  expect(client.heard).toMatchObject([{ topic: "\ufeffa" }]);
  expect(await matching(stage, "a", ["\ufeffa"])).toEqual([]);
});

prove("a leading wildcard does not match names with $", { v4: "4.7.2-1", v5: "4.7.2-1" }, async (stage) => {
  const client = await stage.connect("c");
  await client.subscribe("#");
  await client.subscribe("+/uptime");
  const named = await stage.connect("d");
  await named.subscribe("$house/#");
  await named.subscribe("$house/+");
  const message = { topic: "$house/uptime", payload: Buffer.from("1"), qos: 1, retain: true } as const;
  await stage.house.broker.publish(message);
  await named.find("publish");
  expect(texts(client)).toEqual([]);
  expect(texts(await stage.subscriber("#"))).toEqual([]);
});

prove("names and filters of 65,535 bytes", { v4: "4.7.3-3", v5: "4.7.3-3" }, async (stage) => {
  await stage.open({ topic: { bytes: 65_535, levels: 128 } });
  const long = "x".repeat(65_535);
  expect(await matching(stage, long, [long])).toHaveLength(1);
});

prove("nothing is normalised", { v4: "4.7.3-4", v5: "4.7.3-4" }, async (stage) => {
  const others = ["Nhiet", "Nhiệt/", "/Nhiệt", "nhiệt", " Nhiệt", "Nhiệt".normalize("NFD")];
  const name = "Nhiệt".normalize("NFC");
  expect(await matching(stage, name, [...others, name])).toEqual([name]);
});

prove("empty levels are levels", { v4: "4.7.3-4", v5: "4.7.3-4" }, async (stage) => {
  expect(await matching(stage, "a//+", ["a/b", "a//b", "a/", "a//"])).toEqual(["a//b", "a//"]);
});

prove("+ is one level, at any place", { v4: "4.7.1-3", v5: "4.7.1-2" }, async (stage) => {
  expect(await matching(stage, "+/b/+", ["a/b/c", "/b/", "a/b", "a/b/c/d", "a/c/b"])).toEqual([
    "a/b/c",
    "/b/",
  ]);
});

prove("# is any number of levels, and the parent", { v4: "4.7.1-2", v5: "4.7.1-1" }, async (stage) => {
  expect(await matching(stage, "a/#", ["a", "a/", "a/b/c", "ab", "b/a"])).toEqual(["a", "a/", "a/b/c"]);
});
