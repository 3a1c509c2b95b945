import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Holding } from "./holding.ts";
import { NODE_BYTES, NODES_PER_TURN, RetainedTree } from "./retained-tree.ts";
import { topicFilter, topicFilters, topicName, topicNames } from "./testing/topics.ts";
import { matches } from "./topic-filter.ts";
import type { TopicName } from "./topic-name.ts";

const UNLIMITED = { messages: Infinity, bytes: Infinity };

function tree(...topics: readonly string[]): RetainedTree<string> {
  const tree = new RetainedTree<string>(UNLIMITED);
  for (const topic of topics) tree.keep(topicName(topic), topic, { bytes: 1 });
  return tree;
}
const found = (tree: RetainedTree<string>, filter: string, now = 0) =>
  [...tree.match(topicFilter(filter), now)]
    .flatMap((it): string[] => (it === undefined ? [] : [it.topic]))
    .sort();

test("[MQTT-4.7.1-1] # finds the parent and all levels below it", () => {
  const it = tree("a", "a/b", "a/b/c", "ab", "b/a", "a/");
  expect(found(it, "a/#")).toEqual(["a", "a/", "a/b", "a/b/c"]);
  expect(found(it, "a/b/#")).toEqual(["a/b", "a/b/c"]);
  expect(found(it, "#")).toHaveLength(6);
});

test("[MQTT-4.7.1-2] + finds one level, an empty one too", () => {
  const it = tree("a", "a/b", "a/b/c", "/b", "a/");
  expect(found(it, "+")).toEqual(["a"]);
  expect(found(it, "+/b")).toEqual(["/b", "a/b"]);
  expect(found(it, "a/+")).toEqual(["a/", "a/b"]);
  expect(found(it, "+/+/#")).toEqual(["/b", "a/", "a/b", "a/b/c"]);
});

test("[MQTT-4.7.2-1] wildcards at the first level do not find topics with a leading $", () => {
  const it = tree("$SYS", "$SYS/a", "a", "a/$b", "/$b");
  expect(found(it, "#")).toEqual(["/$b", "a", "a/$b"]);
  expect(found(it, "+")).toEqual(["a"]);
  expect(found(it, "+/#")).toEqual(["/$b", "a", "a/$b"]);
  expect(found(it, "$SYS/#")).toEqual(["$SYS", "$SYS/a"]);
  expect(found(it, "$SYS/+")).toEqual(["$SYS/a"]);
  expect(it.size).toBe(5);
});

test("[MQTT-4.7.3-4] levels are compared as they are", () => {
  const it = tree("A", "a/", "\u00e9", "__proto__");
  for (const filter of ["a", "e\u0301", "constructor"]) expect(found(it, filter)).toEqual([]);
  expect(found(it, "__proto__")).toEqual(["__proto__"]);
});

test("[MQTT-3.3.1-5] [MQTT-3.3.1-6] a message replaces the one before it, and one can be removed", () => {
  const it = new RetainedTree<string>(UNLIMITED);
  const topic = topicName("a/b");
  expect(it.keep(topic, "old", { bytes: 3 })).toBe("kept");
  expect(it.keep(topic, "new", { bytes: 5 })).toBe("replaced");
  expect(it.peek(topic)?.value).toBe("new");
  expect([it.size, it.bytes]).toEqual([1, 5 + 2 * NODE_BYTES]);
  expect([it.remove(topicName("a")), it.remove(topic), it.remove(topic)]).toEqual([false, true, false]);
  expect([it.size, it.bytes, it.peek(topic)]).toEqual([0, 0, undefined]);
});

test("§3.3.2.3.3: an expired message is not given out, and is removed by `expire` alone", () => {
  const it = new RetainedTree<string>(UNLIMITED);
  const topic = topicName("a");
  it.keep(topic, "a", { bytes: 1, expiresAt: 1_000 });
  expect(it.peek(topic)?.expiresAt).toBe(1_000);
  expect(found(it, "#", 999)).toEqual(["a"]);
  expect(found(it, "#", 1_000)).toEqual([]);
  expect([it.size, it.nextExpiry]).toEqual([1, 1_000]);
  expect(it.expire(999, 9)).toEqual([]);
  expect(it.expire(1_000, 9)).toMatchObject([{ topic: "a" }]);
  expect([it.size, it.bytes, it.nextExpiry]).toEqual([0, 0, undefined]);
});

test("a message without an end is not swept, and a new one takes the expiry of its own", () => {
  const it = new RetainedTree<string>(UNLIMITED);
  const topic = topicName("a");
  it.keep(topic, "a", { bytes: 1, expiresAt: 1_000 });
  it.keep(topic, "a", { bytes: 1 });
  expect([it.nextExpiry, it.expire(1e12, 9), it.size]).toEqual([undefined, [], 1]);
  it.keep(topic, "a", { bytes: 1, expiresAt: 5 });
  expect(it.expire(5, 9)).toMatchObject([{ topic: "a" }]);
});

test("a sweep removes no more than it may, the earliest first", () => {
  const it = new RetainedTree<number>(UNLIMITED);
  for (let index = 0; index < 10; index++) {
    it.keep(topicName(`a/${index}`), index, { bytes: 1, expiresAt: 100 - index });
  }
  expect(it.expire(1_000, 3)).toMatchObject([{ topic: "a/9" }, { topic: "a/8" }, { topic: "a/7" }]);
  expect(it.expire(1_000, 0)).toEqual([]);
  expect(it.expire(1_000, 100)).toHaveLength(7);
});

test("a topic with an expiry that is replaced for ever leaves nothing behind", () => {
  const it = new RetainedTree<number>(UNLIMITED);
  for (let index = 0; index < 1_000; index++) {
    it.keep(topicName("a"), index, { bytes: 1, expiresAt: 1_000_000 - index });
  }
  expect(it.expire(2_000_000, 10_000)).toMatchObject([{ topic: "a" }]);
});

test("whoever looks for long may stop in between, also when each of many filters is done with little", () => {
  const it = tree(...Array.from({ length: 100 }, (_, index) => `a/${index}/b`));
  const pauses: unknown[] = [];
  for (let round = 0; round < 100; round++) pauses.push(...it.match(topicFilter("a/+/c"), 0));
  expect(it.visited).toBeGreaterThan(2 * NODES_PER_TURN);
  expect(pauses).toEqual(Array.from({ length: Math.floor(it.visited / NODES_PER_TURN) }, () => undefined));
});

describe("shares", () => {
  const [a, b, deep] = [topicName("a"), topicName("b"), topicName("b/c/d")];
  function house(limits = { messages: 2, bytes: 100 + 2 * NODE_BYTES }) {
    const whole = new Holding({ messages: 4, bytes: 10_000 });
    return { it: new RetainedTree<string>(UNLIMITED), whole, mine: new Holding(limits, whole) };
  }

  test("nobody holds more than his own, and what is in a share is in the whole too", () => {
    const { it, mine, whole } = house();
    expect(it.keep(a, "a", { bytes: 60, holding: mine })).toBe("kept");
    expect(it.fits(deep, { bytes: 1, holding: mine })).toBe(false);
    expect(it.keep(deep, "", { bytes: 1, holding: mine })).toBe("too-large");
    expect(it.keep(b, "b", { bytes: 40, holding: mine })).toBe("kept");
    expect(it.keep(topicName("c"), "c", { bytes: 0, holding: mine })).toBe("too-many");
    const other = new Holding({ messages: 9, bytes: 1_000 }, whole);
    expect(it.keep(deep, "d", { bytes: 1, holding: other })).toBe("kept");
    expect([mine.bytes, other.bytes, whole.bytes]).toEqual([
      100 + 2 * NODE_BYTES,
      1 + 2 * NODE_BYTES,
      it.bytes,
    ]);
    expect(it.keep(a, "as large", { bytes: 60, holding: mine })).toBe("replaced");
    expect(it.keep(a, "larger", { bytes: 61, holding: mine })).toBe("too-large");
  });

  test("a node is paid by whom it was made for, also while only others need it", () => {
    const { it, mine, whole } = house({ messages: 9, bytes: 1_000 });
    it.keep(topicName("b/c"), "", { bytes: 1, holding: mine });
    const other = new Holding({ messages: 9, bytes: 1_000 }, whole);
    it.keep(deep, "", { bytes: 1, holding: other });
    it.remove(topicName("b/c"));
    expect([mine.messages, mine.bytes, other.bytes]).toEqual([0, 2 * NODE_BYTES, 1 + NODE_BYTES]);
    it.remove(deep);
    expect([mine.bytes, other.bytes, whole.bytes, whole.messages]).toEqual([0, 0, 0, 0]);
  });

  test("a topic goes over to whoever says it last and has room; else it stays where it was while it does not grow", () => {
    const { it, mine, whole } = house({ messages: 1, bytes: 1_000 });
    const full = new Holding({ messages: 0, bytes: 0 }, whole);
    it.keep(a, "a", { bytes: 10, holding: mine });
    expect(it.keep(a, "b", { bytes: 10, holding: full })).toBe("replaced");
    expect(it.keep(a, "c", { bytes: 11, holding: full })).toBe("too-many");
    expect([mine.messages, full.messages]).toEqual([1, 0]);
    it.keep(b, "of nobody", { bytes: 10, holding: whole });
    expect(it.keep(b, "may grow", { bytes: 20, holding: full })).toBe("replaced");
    expect(it.keep(b, "beyond all limits", { bytes: 20_000, holding: full })).toBe("too-large");
    const other = new Holding({ messages: 1, bytes: 1_000 }, whole);
    expect(it.keep(a, "longer", { bytes: 20, holding: other })).toBe("replaced");
    expect([mine.messages, other.messages, whole.messages]).toEqual([0, 1, 2]);
  });
});

test("limits: what does not fit changes nothing", () => {
  const it = new RetainedTree<string>({ messages: 2, bytes: 100 + 3 * NODE_BYTES });
  const [a, b, c] = [topicName("a"), topicName("b"), topicName("c")];
  expect(it.keep(a, "a", { bytes: 60 })).toBe("kept");
  expect(it.keep(topicName("b/c/d"), "too deep", { bytes: 1 })).toBe("too-large");
  expect(it.keep(b, "b", { bytes: 40 + NODE_BYTES + 1 })).toBe("too-large");
  expect(it.keep(b, "b", { bytes: 40 + NODE_BYTES })).toBe("kept");
  expect(it.keep(c, "c", { bytes: 0 })).toBe("too-many");
  expect(it.keep(a, "larger", { bytes: 61 })).toBe("too-large");
  expect(it.peek(a)?.value).toBe("a");
  expect(it.keep(a, "as large", { bytes: 60 })).toBe("replaced");
  expect(it.keep(a, "smaller", { bytes: 6 })).toBe("replaced");
  expect([it.size, it.bytes]).toEqual([2, 46 + 3 * NODE_BYTES]);
});

type Act =
  | { readonly do: "keep"; readonly topic: TopicName; readonly bytes: number; readonly expiresAt?: number }
  | { readonly do: "remove"; readonly topic: TopicName }
  | { readonly do: "expire"; readonly now: number; readonly most: number }
  | { readonly do: "match"; readonly filter: ReturnType<typeof topicFilter>; readonly now: number };

const moment = fc.nat(20);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    arbitrary: fc.record(
      { do: fc.constant("keep"), topic: topicNames, bytes: fc.nat(50), expiresAt: moment },
      { requiredKeys: ["do", "topic", "bytes"] },
    ),
    weight: 5,
  },
  { arbitrary: fc.record({ do: fc.constant("remove"), topic: topicNames }), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant("expire"), now: moment, most: fc.nat(4) }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant("match"), filter: topicFilters, now: moment }), weight: 4 },
);

/** Bytes that a tree counts: those of the messages, and a node for each different beginning of a topic. */
function expectedBytes(map: ReadonlyMap<TopicName, { readonly bytes: number }>): number {
  const beginnings = new Set<string>();
  for (const topic of map.keys()) {
    const levels = topic.split("/");
    for (let length = 1; length <= levels.length; length++) beginnings.add(levels.slice(0, length).join("/"));
  }
  return [...map.values()].reduce((sum, { bytes }) => sum + bytes, beginnings.size * NODE_BYTES);
}

test("answers as a map of all messages does, within its limits", () => {
  const limits = { messages: 12, bytes: 200 + 20 * NODE_BYTES };
  fc.assert(
    fc.property(fc.array(act, { maxLength: 120 }), (acts) => {
      const tree = new RetainedTree<number>(limits);
      const map = new Map<TopicName, { value: number; bytes: number; expiresAt: number }>();
      for (const [value, act] of acts.entries()) {
        if (act.do === "keep") {
          const { topic, bytes, expiresAt } = act;
          const known = map.get(topic);
          const wanted = new Map(map).set(topic, { value, bytes, expiresAt: expiresAt ?? Infinity });
          const result = tree.keep(topic, value, expiresAt === undefined ? { bytes } : { bytes, expiresAt });
          if (known === undefined && map.size >= limits.messages) expect(result).toBe("too-many");
          else if (expectedBytes(wanted) > limits.bytes) expect(result).toBe("too-large");
          else {
            expect(result).toBe(known === undefined ? "kept" : "replaced");
            map.set(topic, { value, bytes, expiresAt: expiresAt ?? Infinity });
          }
        } else if (act.do === "remove") {
          expect(tree.remove(act.topic)).toBe(map.delete(act.topic));
        } else if (act.do === "expire") {
          const due = [...map].filter(([, { expiresAt }]) => expiresAt <= act.now);
          const removed = tree.expire(act.now, act.most);
          expect(removed).toHaveLength(Math.min(due.length, act.most));
          for (const { topic } of removed) {
            expect(map.get(topic)?.expiresAt).toBeLessThanOrEqual(act.now);
            map.delete(topic);
          }
        } else {
          const expected = [...map].filter(
            ([topic, { expiresAt }]) => matches(act.filter, topic) && act.now < expiresAt,
          );
          const line = (topic: string, value: number) => `${topic} ${value}`;
          expect(
            [...tree.match(act.filter, act.now)]
              .flatMap((it) => (it === undefined ? [] : [line(it.topic, it.value)]))
              .sort(),
          ).toEqual(expected.map(([topic, { value }]) => line(topic, value)).sort());
        }
        expect(tree.size).toBe(map.size);
        expect(tree.bytes).toBe(expectedBytes(map));
      }
      for (const [topic, { value }] of map) expect(tree.peek(topic)?.value).toBe(value);
      for (const topic of map.keys()) tree.remove(topic);
      expect([tree.size, tree.bytes, tree.nextExpiry]).toEqual([0, 0, undefined]);
    }),
    { numRuns: 500 },
  );
});

test("a match that is held while the tree changes meets no topic twice, nothing removed, all that stays", () => {
  const change = fc.record({ keep: fc.boolean(), topic: topicNames });
  fc.assert(
    fc.property(
      fc.uniqueArray(topicNames, { maxLength: 15 }),
      fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 15 }),
      topicFilters,
      (topics, changes, filter) => {
        const it = tree(...topics);
        const stayed = new Set<string>(topics);
        const met: string[] = [];
        const taking = it.match(filter, 0);
        for (const between of [...changes, []]) {
          for (let taken = 0; taken < (between.length === 0 ? Infinity : 1); taken++) {
            const next = taking.next();
            if (next.done === true) break;
            if (next.value === undefined) continue;
            met.push(next.value.topic);
            expect(it.peek(next.value.topic)).toBe(next.value);
          }
          for (const { keep, topic } of between) {
            if (keep) it.keep(topic, "new", { bytes: 1 });
            else if (it.remove(topic)) stayed.delete(topic);
          }
        }
        expect(new Set(met).size).toBe(met.length);
        for (const topic of stayed) {
          if (matches(filter, topicName(topic))) expect(met).toContain(topic);
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

describe("costs", () => {
  const cost = (tree: RetainedTree<string>, filter: string) => {
    const before = tree.visited;
    const met = [...tree.match(topicFilter(filter), 0)].filter((it) => it !== undefined);
    return { visited: tree.visited - before, found: met.length };
  };
  const homie = () => {
    const it = new RetainedTree<string>(UNLIMITED);
    for (let device = 0; device < 100; device++) {
      for (let property = 0; property < 100; property++) {
        const topic = `homie/5/device-${device}/node-${property % 10}/property-${property}`;
        it.keep(topicName(topic), "", { bytes: 1 });
      }
    }
    return it;
  };

  test("a filter costs the part of the tree that fits it", () => {
    const it = homie();
    expect(cost(it, "homie/5/device-7/node-3/property-13")).toEqual({ visited: 6, found: 1 });
    expect(cost(it, "homie/5/device-7/+/+")).toEqual({ visited: 4 + 10 + 100, found: 100 });
    expect(cost(it, "homie/5/+/+/+")).toEqual({ visited: 3 + 100 + 1_000 + 10_000, found: 10_000 });
    expect(cost(it, "homie/5/+/$state")).toEqual({ visited: 3 + 100, found: 0 });
    expect(cost(it, "other/#")).toEqual({ visited: 1, found: 0 });
  });

  test("a filter of 32,768 wildcards costs no more than the tree is deep", () => {
    expect(cost(homie(), `${"+/".repeat(32_766)}#`)).toEqual({
      visited: 3 + 100 + 1_000 + 10_000,
      found: 0,
    });
  });

  test("a topic of 65,536 levels is kept, found and removed without a stack", () => {
    const deep = "/".repeat(65_535);
    const it = tree(deep);
    expect(it.bytes).toBe(1 + 65_536 * NODE_BYTES);
    expect(found(it, "#")).toEqual([deep]);
    expect(found(it, deep)).toEqual([deep]);
    expect([it.remove(topicName(deep)), it.bytes]).toEqual([true, 0]);
  });

  test("the first message of a large match is found without finding the others", () => {
    const it = homie();
    it.match(topicFilter("homie/#"), 0).next();
    expect(it.visited).toBeLessThan(10);
  });
});
