import { expect } from "vitest";
import { settled } from "../testing/house.ts";
import { prove } from "../testing/prove.ts";
import type { RawClient } from "../testing/raw-client.ts";
import { type Stage, texts } from "../testing/stage.ts";

// Shared subscriptions: 5.0 §4.8.2.

/** Two clients of a group, and which of them got the message. */
async function shared(
  stage: Stage,
  qos: 1 | 2,
): Promise<{ chosen: RawClient; other: RawClient; id: string }> {
  const members = [await stage.lasting("m1"), await stage.lasting("m2")] as const;
  for (const member of members) await member.subscribe("$share/g/t");
  await stage.publish("t", "1", { qos });
  const first = texts(members[0]).length > 0;
  const [chosen, other] = first ? members : [members[1], members[0]];
  return { chosen, other, id: first ? "m1" : "m2" };
}

prove("a shared subscription", { v5: "4.8.2-1 4.8.2-2" }, async (stage) => {
  const { chosen, other } = await shared(stage, 1);
  expect([texts(chosen), texts(other)]).toEqual([["1"], []]);
});

prove("the QoS of the receiver's own subscription", { v5: "4.8.2-3" }, async (stage) => {
  const members = [await stage.connect("m1"), await stage.connect("m2")] as const;
  await members[0].subscribe("$share/g/t", { qos: 0 });
  await members[1].subscribe("$share/g/t", { qos: 1 });
  for (let index = 0; index < 4; index++) await stage.publish("t", "1", { qos: 2 });
  const seen = members.map(({ heard }) => heard.map((packet) => packet.type === "publish" && packet.qos));
  expect(seen).toEqual([
    [0, 0],
    [1, 1],
  ]);
});

prove("a message of QoS 2 stays with who has it", { v5: "4.8.2-4" }, async (stage) => {
  const { chosen, id, other } = await shared(stage, 2);
  const { packetId } = await chosen.next("publish");
  await stage.lose(chosen);
  const back = await stage.lasting(id);
  expect(await back.next("publish")).toMatchObject({ packetId });
  expect(texts(other)).toEqual([]);
});

prove("and goes to nobody else when that session ends", { v5: "4.8.2-5" }, async (stage) => {
  const { chosen, id, other } = await shared(stage, 2);
  await stage.lose(chosen);
  await stage.connect(id);
  await stage.house.pass(2_000);
  expect(texts(other)).toEqual([]);
});

prove("what was refused goes to nobody else", { v5: "4.8.2-6" }, async (stage) => {
  for (const [qos, type] of [
    [1, "puback"],
    [2, "pubrec"],
  ] as const) {
    await stage.open();
    const { chosen, other } = await shared(stage, qos);
    const { packetId } = await chosen.next("publish");
    chosen.answer(type, packetId, 0x80);
    await settled();
    expect([chosen.heard, other.heard]).toEqual([[], []]);
  }
});
