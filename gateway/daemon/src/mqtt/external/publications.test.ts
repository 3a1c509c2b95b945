import type { MqttMessage, StoreError } from "@tram/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PUBLICATION_LIMITS, Publications } from "./publications.ts";

const message = (topic: string, payload: string, retain = false): MqttMessage => ({
  topic,
  payload: Buffer.from(payload),
  qos: 1,
  retain,
});

/** Sends everything that waits, and has it acknowledged. */
function drain(publications: Publications): string[] {
  const sent: string[] = [];
  for (let next = publications.next(); next !== undefined; next = publications.next()) {
    sent.push(shown(next[1].message));
    publications.done(next[0]);
  }
  return sent;
}

const shown = ({ topic, payload }: MqttMessage): string => `${topic} ${Buffer.from(payload)}`;
const codeOf = (error: unknown): unknown => (error as StoreError).code;

describe("what waits for the external broker", () => {
  test("goes in order, with the latest of each retained topic in its newest place", () => {
    const publications = new Publications();
    for (const [topic, payload, retain] of [
      ["a", "1", true],
      ["set", "on", false],
      ["b", "1", true],
      ["a", "2", true],
      ["set", "off", false],
    ] as const) {
      void publications.add(message(topic, payload, retain), 0);
    }
    expect(publications.waiting).toBe(4);
    expect(drain(publications)).toEqual(["set on", "b 1", "a 2", "set off"]);
    expect([publications.waiting, publications.bytes]).toEqual([0, 0]);
  });

  test("is sent again after a lost link, in order, but for what there is news of", () => {
    const publications = new Publications();
    void publications.add(message("a", "1", true), 0);
    void publications.add(message("set", "on"), 0);
    void publications.add(message("b", "1", true), 0);
    publications.next();
    publications.next();
    void publications.add(message("a", "2", true), 0);
    // A topic has one message in flight: the next could overtake it.
    expect(publications.next()?.[1].message).toMatchObject({ topic: "b" });
    expect(publications.next()).toBeUndefined();
    publications.recall();
    expect(drain(publications)).toEqual(["set on", "b 1", "a 2"]);
    expect(publications.bytes).toBe(0);
  });

  test("is given up after a while, unless it is retained", async () => {
    const publications = new Publications();
    const command = publications.add(message("set", "on"), 1_000);
    await publications.add(message("a", "1", true), 1_000);
    publications.expire(1_000 + PUBLICATION_LIMITS.patienceMs - 1);
    expect(publications.waiting).toBe(2);
    publications.expire(1_000 + PUBLICATION_LIMITS.patienceMs);
    expect(await command.catch(codeOf)).toBe("io");
    expect(publications).toMatchObject({ waiting: 1, dropped: 1 });
    publications.close();
    expect(publications.waiting).toBe(0);
  });

  test("is bounded", async () => {
    const limits = { messages: 2, bytes: 1_000, retained: 2, patienceMs: 10 };
    const publications = new Publications(limits);
    void publications.add(message("a", "1"), 0);
    expect(await publications.add(message("a", "x".repeat(1_000)), 0).catch(codeOf)).toBe("full");
    void publications.add(message("b", "1"), 0);
    expect(await publications.add(message("c", "1"), 0).catch(codeOf)).toBe("full");
    await publications.add(message("r1", "1", true), 0);
    await publications.add(message("r2", "1", true), 0);
    expect(await publications.add(message("r3", "1", true), 0).catch(codeOf)).toBe("full");
    await publications.add(message("r2", "", true), 0);
    await publications.add(message("r3", "1", true), 0);
    expect(publications).toMatchObject({ retained: 2, dropped: 3 });
  });

  test("a broker that lost its memory gets all that is retained, once", () => {
    const publications = new Publications();
    for (const [topic, payload] of [
      ["a", "1"],
      ["b", "1"],
      ["a", "2"],
      ["b", ""],
    ] as const) {
      void publications.add(message(topic, payload, true), 0);
    }
    drain(publications);
    void publications.add(message("c", "3", true), 0);
    publications.again();
    publications.again("a");
    expect(drain(publications)).toEqual(["c 3", "a 2"]);
  });

  test("whatever happens, each is sent or given up, and retained topics end with their latest", async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant("add" as const), topic: fc.constantFrom("a", "b"), retain: fc.boolean() }),
      fc.record({
        do: fc.constantFrom("send" as const, "answer" as const, "cut" as const, "again" as const),
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const publications = new Publications();
        const broker = new Map<string, string>();
        const latest = new Map<string, string>();
        const flying: [string | number, MqttMessage][] = [];
        let settled = 0;
        let plain = 0;
        let last = 0;
        const answer = (): void => {
          const [first] = flying.splice(0, 1);
          if (first === undefined) return;
          if (first[1].retain) broker.set(first[1].topic, String(first[1].payload));
          publications.done(first[0]);
        };
        for (const one of steps) {
          if (one.do === "add") {
            const text = String(++last);
            if (one.retain) latest.set(one.topic, text);
            else plain++;
            const added = publications.add(message(one.topic, text, one.retain), 0);
            if (!one.retain) void added.then(() => settled++);
          } else if (one.do === "send") {
            const next = publications.next();
            if (next !== undefined) flying.push([next[0], next[1].message]);
          } else if (one.do === "cut") {
            flying.length = 0;
            publications.recall();
          } else if (one.do === "again") publications.again();
          else answer();
        }
        publications.recall();
        flying.length = 0;
        for (let next = publications.next(); next !== undefined; next = publications.next()) {
          flying.push([next[0], next[1].message]);
        }
        while (flying.length > 0) answer();
        expect(broker).toEqual(latest);
        expect([publications.waiting, publications.bytes]).toEqual([0, 0]);
        await Promise.resolve();
        expect(settled).toBe(plain);
      }),
    );
  });
});
