import fc from "fast-check";
import { expect, test } from "vitest";
import { MatchCache } from "./match-cache.ts";
import { topicFilter, topicFilters, topicName, topicNames } from "./testing/topics.ts";
import { matches } from "./topic-filter.ts";
import type { TopicName } from "./topic-name.ts";

/** A cache that counts what it had to resolve. */
function counted({ topics = 100, receivers = 1_000, topicLength = 50, each = 1 } = {}) {
  const resolved: string[] = [];
  const cache = new MatchCache(
    (topic: TopicName) => {
      resolved.push(topic);
      return Array.from({ length: each }, (_, index) => `${topic} ${index}`);
    },
    { topics, receivers, topicLength },
  );
  const ask = (...texts: readonly string[]) => {
    for (const text of texts) expect(cache.of(topicName(text))[0]).toBe(`${text} 0`);
  };
  return { cache, resolved, ask };
}

test("resolves a topic once, and hands out the very same list", () => {
  const { cache, resolved, ask } = counted();
  ask("a/b", "a/b");
  expect(cache.of(topicName("a/b"))).toBe(cache.get("a/b"));
  expect(resolved).toEqual(["a/b"]);
});

test("a topic that nobody receives is remembered too", () => {
  const { cache, resolved } = counted({ each: 0 });
  cache.of(topicName("a"));
  expect(cache.of(topicName("a"))).toEqual([]);
  expect(resolved).toEqual(["a"]);
});

test("finds nothing for what was not resolved, valid or not", () => {
  const { cache, ask } = counted();
  ask("a");
  for (const text of ["b", "", "#", "a/+", "\ud800"]) expect(cache.get(text)).toBeUndefined();
});

test("a change outdates the topics that its filter matches, and no others", () => {
  const { cache, resolved, ask } = counted();
  ask("a/b", "a/c", "b");
  cache.changed(topicFilter("a/+"));
  expect(cache.get("a/b")).toBeUndefined();
  expect(cache.get("b")).toBeDefined();
  resolved.length = 0;
  ask("a/b", "a/c", "b");
  expect(resolved).toEqual(["a/b", "a/c"]);
  ask("a/b", "a/c", "b");
  expect(resolved).toHaveLength(2);
});

test("receivers of a topic that is resolved anew count once", () => {
  const { cache, ask } = counted({ each: 3 });
  for (let round = 0; round < 5; round++) {
    ask("a", "b");
    expect(cache.receivers).toBe(6);
    cache.changed(topicFilter("a"));
  }
});

test("other clients that come and go do not outdate a topic in use", () => {
  const { cache, resolved, ask } = counted();
  ask("in/use");
  for (let round = 0; round < 1_000; round++) {
    cache.changed(topicFilter(`other/${round}/#`));
    if (round % 20 === 0) ask("in/use");
  }
  expect(resolved).toEqual(["in/use"]);
});

test("a topic that missed more changes than are written down is resolved anew", () => {
  const { cache, resolved, ask } = counted();
  for (const missed of [31, 32, 33, 64, 1_000]) {
    ask("a");
    cache.changed(topicFilter("a"));
    for (let change = 1; change < missed; change++) cache.changed(topicFilter("other"));
    resolved.length = 0;
    ask("a");
    expect(resolved, String(missed)).toEqual(["a"]);
  }
});

test("lets go of receivers after 64 changes at the latest", () => {
  for (let offset = 0; offset < 32; offset++) {
    const { cache, ask } = counted();
    for (let change = 0; change < offset; change++) cache.changed(topicFilter("x"));
    ask("a", "b", "c");
    for (let change = 0; change < 64; change++) cache.changed(topicFilter("a"));
    expect([cache.size, cache.receivers]).toEqual([0, 0]);
  }
});

test("answers as an always fresh resolution does, and stays within its limits", () => {
  const limits = { topics: 5, receivers: 12, topicLength: 20 };
  const act = fc.oneof(
    fc.record({ change: topicFilters, growth: fc.integer({ min: -2, max: 3 }) }),
    fc.record({ topic: topicNames }),
    fc.constant("clear" as const),
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const changes: { change: ReturnType<typeof topicFilter>; growth: number }[] = [];
      const resolve = (topic: TopicName): readonly string[] => {
        const relevant = changes.filter(({ change }) => matches(change, topic));
        const length = Math.max(
          0,
          relevant.reduce((sum, { growth }) => sum + growth, 1),
        );
        return Array.from({ length }, () => `${topic} ${relevant.length}`);
      };
      const cache = new MatchCache(resolve, limits);
      for (const act of acts) {
        if (act === "clear") {
          cache.clear();
        } else if ("topic" in act) {
          expect(cache.of(act.topic)).toEqual(resolve(act.topic));
        } else {
          changes.push(act);
          cache.changed(act.change);
        }
        expect(cache.size).toBeLessThanOrEqual(limits.topics);
        expect(cache.receivers).toBeLessThanOrEqual(limits.receivers);
        expect(cache.receivers).toBeGreaterThanOrEqual(0);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("a flood of topics that come once drives out no topic in use", () => {
  const { cache, resolved, ask } = counted({ topics: 100 });
  const inUse = Array.from({ length: 50 }, (_, index) => `in/use/${index}`);
  ask(...inUse, ...inUse);
  resolved.length = 0;
  let flood = 0;
  for (let round = 0; round < 20; round++) {
    for (let index = 0; index < 1_000; index++) ask(`flood/${flood++}`);
    ask(...inUse);
  }
  expect(resolved.filter((topic) => topic.startsWith("in/use"))).toEqual([]);
  expect(cache.size).toBe(100);
});

test("a flood of topics that come twice in a row is held back by topics that come more often", () => {
  const { resolved, ask } = counted({ topics: 200 });
  const inUse = Array.from({ length: 50 }, (_, index) => `in/use/${index}`);
  ask(...inUse, ...inUse);
  resolved.length = 0;
  for (let flood = 0; flood < 10_000; flood++) {
    ask(`flood/${flood}`, `flood/${flood}`);
    ask(inUse[flood % 50] ?? "");
  }
  expect(resolved.filter((topic) => topic.startsWith("in/use"))).toEqual([]);
});

test("topics out of use make room for new ones", () => {
  const { cache, resolved, ask } = counted({ topics: 10 });
  for (let day = 0; day < 5; day++) {
    const topics = Array.from({ length: 10 }, (_, index) => `day/${day}/${index}`);
    for (const topic of topics) ask(topic, topic, topic);
    resolved.length = 0;
    ask(...topics);
    expect(resolved).toEqual([]);
  }
  expect(cache.size).toBe(10);
});

test("topics with many receivers fill the cache by their receivers", () => {
  const { cache, ask } = counted({ topics: 100, receivers: 1_000, each: 300 });
  for (let index = 0; index < 50; index++) ask(`a/${index}`);
  expect([cache.size, cache.receivers]).toEqual([3, 900]);
});

test("what is too large to be remembered is resolved each time", () => {
  const wide = counted({ receivers: 10, each: 11 });
  wide.ask("a", "a");
  expect([wide.resolved.length, wide.cache.size]).toEqual([2, 0]);
  const long = counted({ topicLength: 10 });
  long.ask("12345678901", "12345678901", "1234567890", "1234567890");
  expect([long.resolved.length, long.cache.size]).toEqual([3, 1]);
});

test("can be turned off", () => {
  const { cache, resolved, ask } = counted({ topics: 0 });
  ask("a", "a");
  expect([resolved.length, cache.size]).toEqual([2, 0]);
});
