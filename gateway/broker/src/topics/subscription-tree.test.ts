import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MatchCache } from "./match-cache.ts";
import { type Match, SubscriptionTree } from "./subscription-tree.ts";
import { topicFilter, topicFilters, topicName, topicNames } from "./testing/topics.ts";
import { matches, type TopicFilter } from "./topic-filter.ts";
import type { TopicName } from "./topic-name.ts";

const tree = (...filters: readonly string[]) => {
  const tree = new SubscriptionTree<string, string>();
  for (const filter of filters) tree.add(topicFilter(filter), "client", filter);
  return tree;
};
const filtersFor = (tree: SubscriptionTree<string, string>, topic: string) =>
  tree.match(topicName(topic)).flatMap(({ options }) => [...options]);
/** Comparable: the order of matches and options is not promised. */
const sorted = (found: readonly Match<string, number>[]) =>
  found
    .map(({ subscriber, options }) => ({ subscriber, options: [...options].sort((one, two) => one - two) }))
    .sort((one, two) => (one.subscriber < two.subscriber ? -1 : 1));

test("[MQTT-4.7.1-1] # matches the parent and all levels below it", () => {
  const it = tree("#", "a/#", "a/b/#", "b/#");
  expect(filtersFor(it, "a").sort()).toEqual(["#", "a/#"]);
  expect(filtersFor(it, "a/b/c").sort()).toEqual(["#", "a/#", "a/b/#"]);
  expect(filtersFor(it, "a/")).toEqual(["#", "a/#"]);
});

test("[MQTT-4.7.1-2] + matches one level, at any of them", () => {
  const it = tree("+", "+/+", "a/+", "/+", "+/b/+");
  expect(filtersFor(it, "a")).toEqual(["+"]);
  expect(filtersFor(it, "a/b").sort()).toEqual(["+/+", "a/+"]);
  expect(filtersFor(it, "/b").sort()).toEqual(["+/+", "/+"]);
  expect(filtersFor(it, "a/b/c")).toEqual(["+/b/+"]);
});

test("[MQTT-4.7.2-1] wildcards at the first level pass topics with a leading $ by", () => {
  const it = tree("#", "+", "+/a", "+/#", "$SYS/#", "$SYS/+", "b/#");
  expect(filtersFor(it, "$SYS/a").sort()).toEqual(["$SYS/#", "$SYS/+"]);
  expect(filtersFor(it, "$SYS")).toEqual(["$SYS/#"]);
  expect(filtersFor(it, "b/$SYS").sort()).toEqual(["#", "+/#", "b/#"]);
});

test("[MQTT-4.7.3-4] levels are compared as they are", () => {
  const it = tree("a", "a/", "/a", "A", "e\u0301");
  expect(filtersFor(it, "a")).toEqual(["a"]);
  expect(filtersFor(it, "a/")).toEqual(["a/"]);
  expect(filtersFor(it, "\u00e9")).toEqual([]);
});

test("[MQTT-3.8.4-3] the same filter of the same client replaces its options", () => {
  const it = new SubscriptionTree<string, number>();
  for (const text of ["a/+", "a/#", "#"]) {
    const filter = topicFilter(text);
    expect(it.add(filter, "one", 0)).toBe("added");
    expect(it.add(filter, "two", 0)).toBe("added");
    expect(it.add(filter, "one", 2)).toBe("replaced");
  }
  expect(it.size).toBe(6);
  expect(sorted(it.match(topicName("a/b")))).toEqual([
    { subscriber: "one", options: [2, 2, 2] },
    { subscriber: "two", options: [0, 0, 0] },
  ]);
});

test("[MQTT-3.10.4-1] only the very filter is removed", () => {
  const it = tree("a/+", "a/#", "a/b", "a");
  expect(it.remove(topicFilter("a/b/#"), "client")).toBe(false);
  expect(it.remove(topicFilter("+/b"), "client")).toBe(false);
  expect(it.remove(topicFilter("a/+"), "somebody else")).toBe(false);
  expect(it.remove(topicFilter("a/+"), "client")).toBe(true);
  expect(it.remove(topicFilter("a/+"), "client")).toBe(false);
  expect(filtersFor(it, "a/b").sort()).toEqual(["a/#", "a/b"]);
});

test("[MQTT-3.3.4-2] [MQTT-3.3.4-4] a client with overlapping subscriptions is met once, with all of them", () => {
  const it = new SubscriptionTree<string, { qos: number; id: number }>();
  it.add(topicFilter("a/#"), "one", { qos: 0, id: 1 });
  it.add(topicFilter("a/+"), "one", { qos: 2, id: 2 });
  it.add(topicFilter("a/b"), "one", { qos: 1, id: 3 });
  it.add(topicFilter("#"), "two", { qos: 1, id: 4 });
  const found = it.match(topicName("a/b"));
  expect(found).toHaveLength(2);
  const one = found.find(({ subscriber }) => subscriber === "one")?.options ?? [];
  expect(Math.max(...one.map(({ qos }) => qos))).toBe(2);
  expect(one.map(({ id }) => id).sort()).toEqual([1, 2, 3]);
});

test("many clients with overlapping subscriptions are met once each", () => {
  const it = new SubscriptionTree<number, string>();
  for (let client = 0; client < 100; client++) {
    for (const filter of ["#", "a/+", "a/b"]) it.add(topicFilter(filter), client, filter);
  }
  const found = it.match(topicName("a/b"));
  expect(found.map(({ subscriber }) => subscriber).sort((one, two) => one - two)).toEqual(
    Array.from({ length: 100 }, (_, client) => client),
  );
  for (const { options } of found) expect([...options].sort()).toEqual(["#", "a/+", "a/b"]);
});

test("a client that is found late among many is met once too", () => {
  const it = new SubscriptionTree<number, string>();
  for (let client = 0; client < 20; client++) it.add(topicFilter("#"), client, "#");
  for (const filter of ["a/#", "a/b/#", "a/b"]) it.add(topicFilter(filter), 99, filter);
  const found = it.match(topicName("a/b"));
  expect(found).toHaveLength(21);
  expect([...(found.find(({ subscriber }) => subscriber === 99)?.options ?? [])].sort()).toEqual([
    "a/#",
    "a/b",
    "a/b/#",
  ]);
});

test("subscribers are told apart by identity", () => {
  const it = new SubscriptionTree<object, string>();
  it.add(topicFilter("a"), {}, "one");
  it.add(topicFilter("a"), {}, "two");
  expect(it.match(topicName("a"))).toHaveLength(2);
});

test("is told of each filter whose subscriptions changed, after the change", () => {
  const told: [string, number][] = [];
  const it: SubscriptionTree<string, number> = new SubscriptionTree((filter) => told.push([filter, it.size]));
  it.add(topicFilter("a/+"), "one", 0);
  it.add(topicFilter("a/+"), "one", 1);
  it.add(topicFilter("#"), "one", 0);
  it.remove(topicFilter("b"), "one");
  it.remove(topicFilter("a/+"), "one");
  it.add(topicFilter("c/#"), "one", 0);
  it.removeAll("one");
  it.removeAll("one");
  expect(told).toEqual([
    ["a/+", 1],
    ["a/+", 1],
    ["#", 2],
    ["a/+", 1],
    ["c/#", 2],
    ["#", 1],
    ["c/#", 0],
  ]);
});

type Step =
  | { readonly do: "add"; readonly filter: TopicFilter; readonly client: string; readonly options: number }
  | { readonly do: "remove"; readonly filter: TopicFilter; readonly client: string }
  | { readonly do: "removeAll"; readonly client: string }
  | { readonly do: "match"; readonly topic: TopicName };

const client = fc.constantFrom("c1", "c2", "c3");
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    arbitrary: fc.record({ do: fc.constant("add"), filter: topicFilters, client, options: fc.nat(9) }),
    weight: 5,
  },
  { arbitrary: fc.record({ do: fc.constant("remove"), filter: topicFilters, client }), weight: 3 },
  { arbitrary: fc.record({ do: fc.constant("removeAll"), client }), weight: 1 },
  { arbitrary: fc.record({ do: fc.constant("match"), topic: topicNames }), weight: 5 },
);

/** The reference: a list, and `matches`. */
class SubscriptionList {
  readonly #list = new Map<string, { filter: TopicFilter; subscriber: string; options: number }>();

  add(filter: TopicFilter, subscriber: string, options: number): "added" | "replaced" {
    const key = `${subscriber} ${filter}`;
    const known = this.#list.has(key);
    this.#list.set(key, { filter, subscriber, options });
    return known ? "replaced" : "added";
  }

  remove(filter: TopicFilter, subscriber: string): boolean {
    return this.#list.delete(`${subscriber} ${filter}`);
  }

  removeAll(subscriber: string): number {
    const own = this.of(subscriber);
    for (const { filter } of own) this.remove(filter, subscriber);
    return own.length;
  }

  of(subscriber: string) {
    return [...this.#list.values()].filter((it) => it.subscriber === subscriber);
  }

  match(topic: TopicName): Match<string, number>[] {
    const found = new Map<string, number[]>();
    for (const { filter, subscriber, options } of this.#list.values()) {
      if (matches(filter, topic)) found.set(subscriber, [...(found.get(subscriber) ?? []), options]);
    }
    return [...found].map(([subscriber, options]) => ({ subscriber, options }));
  }

  get size(): number {
    return this.#list.size;
  }

  /** Levels that a tree needs: the different beginnings of the filters. */
  get nodes(): number {
    const beginnings = new Set<string>();
    for (const { filter } of this.#list.values()) {
      const levels = filter.split("/");
      for (let length = 1; length <= levels.length; length++) {
        beginnings.add(levels.slice(0, length).join("/"));
      }
    }
    return beginnings.size;
  }
}

describe.each([
  { name: "alone", cached: false },
  { name: "behind a cache", cached: true },
])("the tree $name", ({ cached }) => {
  test("answers as a list of all subscriptions does, and keeps no node that none of them needs", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const list = new SubscriptionList();
        const tree: SubscriptionTree<string, number> = new SubscriptionTree((filter) =>
          cache.changed(filter),
        );
        // Small enough that topics are driven out of it as well.
        const limits = { topics: 4, receivers: 8, topicLength: 40 };
        const cache = new MatchCache((topic: TopicName) => tree.match(topic), limits);
        for (const it of steps) {
          if (it.do === "add") {
            expect(tree.add(it.filter, it.client, it.options)).toBe(
              list.add(it.filter, it.client, it.options),
            );
          } else if (it.do === "remove") {
            expect(tree.remove(it.filter, it.client)).toBe(list.remove(it.filter, it.client));
          } else if (it.do === "removeAll") {
            expect(tree.removeAll(it.client)).toBe(list.removeAll(it.client));
          } else {
            const found = cached ? cache.of(it.topic) : tree.match(it.topic);
            expect(sorted(found)).toEqual(sorted(list.match(it.topic)));
          }
          expect(tree.size).toBe(list.size);
          expect(tree.nodes).toBe(list.nodes);
        }
        for (const client of ["c1", "c2", "c3"]) {
          const own = [...tree.of(client)].map(({ filter, options }) => `${filter} ${options}`);
          expect(own.sort()).toEqual(
            list
              .of(client)
              .map((it) => `${it.filter} ${it.options}`)
              .sort(),
          );
          tree.removeAll(client);
        }
        expect([tree.size, tree.nodes]).toEqual([0, 0]);
      }),
      { numRuns: 500 },
    );
  });
});

describe("hostile clients", () => {
  const cost = (tree: SubscriptionTree<never, never> | SubscriptionTree<string, string>, topic: string) => {
    const before = tree.visited;
    tree.match(topicName(topic));
    return tree.visited - before;
  };

  test("a topic of 65,536 levels costs nothing where no filter goes so deep", () => {
    expect(cost(tree("a/b/c", "+/x"), "/".repeat(65_535))).toBeLessThanOrEqual(4);
    expect(cost(tree("#"), "/".repeat(65_535))).toBe(1);
  });

  test("a filter of 32,768 wildcards costs one node a level, and needs no stack", () => {
    const filter = `${"+/".repeat(32_766)}#`;
    const it = tree(filter);
    expect(it.nodes).toBe(32_767);
    expect(cost(it, "/".repeat(65_535))).toBe(32_767);
    expect(filtersFor(it, "/".repeat(65_535))).toEqual([filter]);
    it.removeAll("client");
    expect(it.nodes).toBe(0);
  });

  test("100,000 filters of one client cost a topic no more than its levels", () => {
    const it = new SubscriptionTree<string, string>();
    for (let index = 0; index < 100_000; index++) it.add(topicFilter(`a/${index}/+`), "client", "");
    expect(cost(it, "a/77/b")).toBe(4);
    expect(cost(it, "a/none/b")).toBe(2);
    expect(it.removeAll("client")).toBe(100_000);
    expect([it.size, it.nodes]).toEqual([0, 0]);
  });

  test("filters that all fit the beginning of a topic cost two nodes a level for each above, and no more", () => {
    const it = new SubscriptionTree<string, string>();
    let filters = [""];
    for (let level = 0; level < 10; level++) filters = filters.flatMap((it) => [`${it}a/`, `${it}+/`]);
    for (const filter of filters) it.add(topicFilter(`${filter}never`), "client", filter);
    expect(cost(it, "a/a/a/a/a/a/a/a/a/a/b")).toBe(2 ** 11 - 1);
    // One of the first levels does not fit: half of all is out.
    expect(cost(it, "b/a/a/a/a/a/a/a/a/a/b")).toBe(2 ** 10);
  });

  test("names of the language's own are levels like any other", () => {
    const it = tree("__proto__/constructor", "toString", "hasOwnProperty/#");
    expect(filtersFor(it, "__proto__/constructor")).toEqual(["__proto__/constructor"]);
    expect(filtersFor(it, "hasOwnProperty")).toEqual(["hasOwnProperty/#"]);
    expect(filtersFor(it, "valueOf")).toEqual([]);
  });
});
