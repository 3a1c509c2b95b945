import fc from "fast-check";
import { expect, test } from "vitest";
import { topicFilter, topicFilters, topicName, topicNames } from "./testing/topics.ts";
import { matches, parseSubscriptionFilter, parseTopicFilter } from "./topic-filter.ts";
import { DEFAULT_TOPIC_LIMITS } from "./topic-text.ts";

const refused = (text: string, limits = DEFAULT_TOPIC_LIMITS) => {
  const result = parseTopicFilter(text, limits);
  return result.ok ? undefined : { code: result.code, statement: result.statement };
};
const refusedSubscription = (text: string) => {
  const result = parseSubscriptionFilter(text);
  return result.ok ? undefined : { code: result.code, statement: result.statement };
};
const match = (filter: string, topic: string) => matches(topicFilter(filter), topicName(topic));

test("[MQTT-4.7.1-1] (3.1.1: [MQTT-4.7.1-2]) # is alone or behind a slash, and last", () => {
  for (const text of ["#", "/#", "a/#", "a/b/#", "+/#", "//#"]) expect(refused(text), text).toBeUndefined();
  for (const text of ["a#", "a/b#", "#/a", "a/#/b", "##", "a/##", "#/", "/#/", "#+"]) {
    expect(refused(text), text).toEqual({ code: "multi-level-wildcard", statement: "MQTT-4.7.1-1" });
  }
});

test("[MQTT-4.7.1-2] (3.1.1: [MQTT-4.7.1-3]) + takes a whole level, at any of them", () => {
  for (const text of ["+", "+/a", "a/+", "a/+/b", "+/+", "/+", "+/", "/+/", "+/a/#", "+/+/+"]) {
    expect(refused(text), text).toBeUndefined();
  }
  for (const text of ["a+", "+a", "a/b+", "a/+b", "++", "a/+b/c", "+/a+/#"]) {
    expect(refused(text), text).toEqual({ code: "single-level-wildcard", statement: "MQTT-4.7.1-2" });
  }
});

test("[MQTT-4.7.1-1] # matches the parent and any number of levels below it", () => {
  for (const topic of [
    "sport/tennis/player1",
    "sport/tennis/player1/ranking",
    "sport/tennis/player1/score/x",
  ]) {
    expect(match("sport/tennis/player1/#", topic), topic).toBe(true);
  }
  expect(match("sport/#", "sport")).toBe(true);
  expect(match("sport/#", "sport/")).toBe(true);
  expect(match("sport/#", "sports")).toBe(false);
  expect(match("sport/#", "sports/a")).toBe(false);
  expect(match("#", "a/b/c")).toBe(true);
  expect(match("#", "/")).toBe(true);
});

test("[MQTT-4.7.1-2] + matches one level, an empty one too", () => {
  expect(match("sport/tennis/+", "sport/tennis/player1")).toBe(true);
  expect(match("sport/tennis/+", "sport/tennis/player1/ranking")).toBe(false);
  expect(match("sport/+", "sport")).toBe(false);
  expect(match("sport/+", "sport/")).toBe(true);
  expect(match("+/+", "/finance")).toBe(true);
  expect(match("/+", "/finance")).toBe(true);
  expect(match("+", "/finance")).toBe(false);
  expect(match("+/+/c", "a/b/c")).toBe(true);
  expect(match("+/#", "a")).toBe(true);
});

test("[MQTT-4.7.2-1] a filter that begins with a wildcard does not match a topic that begins with $", () => {
  for (const filter of ["#", "+/monitor/Clients", "+/#", "+"]) {
    expect(match(filter, "$SYS/monitor/Clients"), filter).toBe(false);
    expect(match(filter, "$SYS"), filter).toBe(false);
  }
  expect(match("$SYS/#", "$SYS/monitor/Clients")).toBe(true);
  expect(match("$SYS/monitor/+", "$SYS/monitor/Clients")).toBe(true);
  expect(match("+/$SYS", "a/$SYS")).toBe(true);
  expect(match("a/#", "a/$SYS")).toBe(true);
});

test("[MQTT-4.7.3-1] a filter has at least one character", () => {
  expect(refused("")).toEqual({ code: "empty", statement: "MQTT-4.7.3-1" });
});

test("[MQTT-4.7.3-2] a filter has no U+0000", () => {
  expect(refused("a/\0/#")).toEqual({ code: "null-character", statement: "MQTT-4.7.3-2" });
  expect(refusedSubscription("$share/a\0/b")).toEqual({ code: "null-character", statement: "MQTT-4.7.3-2" });
});

test("[MQTT-4.7.3-3] a filter has at most 65,535 bytes in UTF-8", () => {
  const tooLong = { code: "too-long", statement: "MQTT-4.7.3-3" };
  expect(refused(`${"a".repeat(65_533)}/#`)).toBeUndefined();
  expect(refused(`${"a".repeat(65_534)}/#`)).toEqual(tooLong);
  expect(refusedSubscription(`$share/x/${"a".repeat(65_527)}`)).toEqual(tooLong);
});

test("[MQTT-4.7.3-4] nothing is normalised for a match", () => {
  expect(match("ACCOUNTS", "Accounts")).toBe(false);
  expect(match("a", "/a")).toBe(false);
  expect(match("a", "a/")).toBe(false);
  expect(match("a/b", "a//b")).toBe(false);
  expect(match("e\u0301", "\u00e9")).toBe(false);
  expect(match(" a", "a")).toBe(false);
});

test("[MQTT-4.8.2-1] a shared subscription has a share name behind $share/", () => {
  expect(parseSubscriptionFilter("$share/consumer/a/+/#")).toEqual({
    ok: true,
    shareName: "consumer",
    filter: "a/+/#",
  });
  for (const text of ["$share/", "$share//", "$share//a"]) {
    expect(refusedSubscription(text), text).toEqual({ code: "share-name-empty", statement: "MQTT-4.8.2-1" });
  }
  // Without the slash it is a filter like any other, and so is one that begins in another way.
  for (const text of ["$share", "$Share/a/b", "$shared/a/b", "a/$share/b/c"]) {
    expect(parseSubscriptionFilter(text), text).toEqual({ ok: true, shareName: undefined, filter: text });
  }
});

test("[MQTT-4.8.2-2] a share name has no wildcard, and a slash and a filter behind it", () => {
  for (const text of ["$share/+/a", "$share/#", "$share/a+/b", "$share/#/a", "$share/a", "$share/a/"]) {
    expect(refusedSubscription(text), text).toEqual({ code: "share-name", statement: "MQTT-4.8.2-2" });
  }
  expect(refusedSubscription("$share/a//")).toBeUndefined();
  expect(parseSubscriptionFilter("$share/a//x")).toEqual({ ok: true, shareName: "a", filter: "/x" });
});

test("the filter of a shared subscription is checked as any other", () => {
  expect(refusedSubscription("$share/a/b#")?.statement).toBe("MQTT-4.7.1-1");
  expect(refusedSubscription("$share/a/+b")?.statement).toBe("MQTT-4.7.1-2");
  expect(refusedSubscription("$share/a/#/b")?.statement).toBe("MQTT-4.7.1-1");
});

test("clients of 3.1.1 know no shared subscriptions: $share is a level as any other", () => {
  expect(parseTopicFilter("$share/+/a")).toEqual({ ok: true, filter: "$share/+/a" });
});

test("the limit of levels holds for filters", () => {
  expect(refused("/".repeat(65_535))).toEqual({ code: "too-many-levels", statement: undefined });
  expect(refused(`${"+/".repeat(127)}#`)).toBeUndefined();
  expect(refused(`${"+/".repeat(128)}#`)).toEqual({ code: "too-many-levels", statement: undefined });
});

test("matches what a comparison level by level matches", () => {
  const matchesByLevels = (filter: string, topic: string): boolean => {
    const wanted = filter.split("/");
    const levels = topic.split("/");
    if (/^[+#]/.test(filter) && topic.startsWith("$")) return false;
    for (const [index, level] of wanted.entries()) {
      if (level === "#") return true;
      if (index >= levels.length || (level !== "+" && level !== levels[index])) return false;
    }
    return wanted.length === levels.length;
  };
  fc.assert(
    fc.property(topicFilters, topicNames, (filter, topic) => {
      expect(matches(filter, topic)).toBe(matchesByLevels(filter, topic));
    }),
    { numRuns: 5_000 },
  );
});

test("a topic that is used as a filter matches itself alone", () => {
  fc.assert(
    fc.property(topicNames, topicNames, (one, other) => {
      expect(matches(one, other)).toBe(one === other);
    }),
  );
});

test("takes exactly the filters whose wildcards stand alone", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "/", "+", "#"), minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(text, (text) => {
      const levels = text.split("/");
      const valid = levels.every(
        (level, index) =>
          !/[+#]/.test(level) || level === "+" || (level === "#" && index === levels.length - 1),
      );
      expect(parseTopicFilter(text).ok).toBe(valid);
    }),
    { numRuns: 2_000 },
  );
});
