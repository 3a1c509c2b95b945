import fc from "fast-check";
import { expect, test } from "vitest";
import { type SharedGroup, SharedGroups } from "./shared-groups.ts";
import { topicFilter, topicFilters, topicName, topicNames } from "./testing/topics.ts";
import { matches, type TopicFilter } from "./topic-filter.ts";

const anybody = () => true;

/** One group on `a/#` with these members. */
function group(...members: readonly string[]) {
  const groups = new SharedGroups<string, number>();
  for (const member of members) groups.join("g", topicFilter("a/#"), { member, options: 0 });
  const found = () => {
    const [group] = groups.match(topicName("a/b"));
    if (group === undefined) throw new Error("the group has ended");
    return group;
  };
  const picks = (count: number, canTake: (member: string) => boolean = anybody) =>
    Array.from({ length: count }, () => found().pick(canTake)?.member);
  return { groups, found, picks };
}

test("§4.8.2: the members take turns", () => {
  expect(group("one", "two", "three").picks(7)).toEqual([
    ...["one", "two", "three"],
    ...["one", "two", "three"],
    "one",
  ]);
});

test("members that cannot take are passed over while others can", () => {
  const { picks } = group("one", "two", "three");
  expect(picks(4, (member) => member !== "two")).toEqual(["one", "three", "one", "three"]);
  expect(picks(3)).toEqual(["one", "two", "three"]);
});

test("nobody is chosen when nobody can take, and each was asked once", () => {
  const { picks, found } = group("one", "two", "three");
  picks(1);
  const asked: string[] = [];
  expect(
    found().pick((member) => {
      asked.push(member);
      return false;
    }),
  ).toBeUndefined();
  expect(asked).toEqual(["two", "three", "one"]);
  expect(picks(1)).toEqual(["two"]);
});

test("[MQTT-4.8.2-3] a member is chosen with the options of its own subscription, the latest", () => {
  const groups = new SharedGroups<string, { qos: number }>();
  const filter = topicFilter("a");
  groups.join("g", filter, { member: "one", options: { qos: 0 } });
  groups.join("g", filter, { member: "two", options: { qos: 2 } });
  const [it] = groups.match(topicName("a"));
  expect(it?.pick(anybody)).toEqual({ member: "one", options: { qos: 0 } });
  expect(it?.pick((_, { qos }) => qos > 0)).toEqual({ member: "two", options: { qos: 2 } });
  expect(groups.join("g", filter, { member: "one", options: { qos: 1 } })).toBe("replaced");
  expect(it?.pick(anybody)).toEqual({ member: "one", options: { qos: 1 } });
});

test("[MQTT-4.8.2-4] a member that is offline stays one, so its session can complete what it was chosen for", () => {
  const { picks, found } = group("offline", "online");
  expect(picks(2, (member) => member === "online")).toEqual(["online", "online"]);
  expect(found().members.map(({ member }) => member)).toEqual(["offline", "online"]);
  expect(picks(1)).toEqual(["offline"]);
});

test("[MQTT-4.8.2-5] [MQTT-4.8.2-6] a choice is made once: nothing of it passes to others when the member leaves", () => {
  const { groups, picks, found } = group("one", "two", "three");
  expect(picks(1)).toEqual(["one"]);
  groups.leaveAll("one");
  // The turn goes on as if the message had been delivered.
  expect(picks(2)).toEqual(["two", "three"]);
  expect(found().members).toHaveLength(2);
});

test("[MQTT-4.8.2-1] [MQTT-4.8.2-2] a group is its share name and its filter; each group gets its copy", () => {
  const groups = new SharedGroups<string, number>();
  const join = (name: string, filter: string, member: string) =>
    groups.join(name, topicFilter(filter), { member, options: 0 });
  join("g", "a/#", "one");
  join("g", "a/+", "one");
  join("h", "a/#", "one");
  join("h", "a/#", "two");
  join("g", "/a", "one");
  expect(groups.size).toBe(4);
  const found = groups.match(topicName("a/b")).map(({ shareName, filter }) => `${shareName} ${filter}`);
  expect(found.sort()).toEqual(["g a/#", "g a/+", "h a/#"]);
});

test("[MQTT-4.7.2-1] groups with a leading wildcard do not get topics with a leading $", () => {
  const groups = new SharedGroups<string, number>();
  groups.join("g", topicFilter("#"), { member: "one", options: 0 });
  expect(groups.match(topicName("$SYS/a"))).toEqual([]);
  expect(groups.match(topicName("a"))).toHaveLength(1);
});

test("who joins waits for a whole round, so leaving and joining again wins nothing", () => {
  const { groups, picks } = group("one", "two", "three");
  expect(picks(1)).toEqual(["one"]);
  groups.leave("g", topicFilter("a/#"), "one");
  groups.join("g", topicFilter("a/#"), { member: "one", options: 0 });
  expect(picks(5)).toEqual(["two", "three", "one", "two", "three"]);
  // Wherever in the round that is.
  groups.leave("g", topicFilter("a/#"), "three");
  groups.join("g", topicFilter("a/#"), { member: "three", options: 0 });
  expect(picks(3)).toEqual(["one", "two", "three"]);
});

test("who subscribes again keeps its turn", () => {
  const { groups, picks } = group("one", "two", "three");
  expect(picks(1)).toEqual(["one"]);
  groups.join("g", topicFilter("a/#"), { member: "one", options: 1 });
  groups.join("g", topicFilter("a/#"), { member: "two", options: 1 });
  expect(picks(3)).toEqual(["two", "three", "one"]);
});

test("a group ends with its last member, and its filter with it", () => {
  const told: string[] = [];
  const groups = new SharedGroups<string, number>((filter) => told.push(filter));
  const filter = topicFilter("a/+");
  for (const member of ["one", "two"]) groups.join("g", filter, { member, options: 0 });
  expect(groups.leave("g", filter, "one")).toBe(true);
  expect(groups.leave("g", filter, "one")).toBe(false);
  expect(groups.leave("other", filter, "two")).toBe(false);
  expect(told).toEqual(["a/+"]); // Members come and go without a change for a cache.
  expect(groups.leaveAll("two")).toBe(1);
  expect(groups.leaveAll("two")).toBe(0);
  expect(told).toEqual(["a/+", "a/+"]);
  expect([groups.size, groups.match(topicName("a/b")), [...groups.of("two")]]).toEqual([0, [], []]);
});

test("whoever can always take gets its share, whatever others do", () => {
  const members = ["m0", "m1", "m2", "m3", "m4"];
  const rounds = fc.array(fc.subarray(members.slice(2)), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(rounds, (rounds) => {
      const { found } = group(...members);
      const taken = new Map(members.map((member) => [member, 0]));
      for (const busy of rounds) {
        const member = found().pick((member) => !busy.includes(member))?.member ?? "";
        expect(busy).not.toContain(member);
        taken.set(member, (taken.get(member) ?? 0) + 1);
      }
      const [m0 = 0, m1 = 0] = [taken.get("m0"), taken.get("m1")];
      // Nobody passes m0 and m1, so they differ by one at most, and nobody gets more than they do but by one.
      expect(Math.abs(m0 - m1)).toBeLessThanOrEqual(1);
      for (const count of taken.values()) expect(count).toBeLessThanOrEqual(Math.min(m0, m1) + 1);
    }),
  );
});

test("groups answer as a list of their members does", () => {
  const names = fc.record({
    shareName: fc.constantFrom("g", "h"),
    filter: topicFilters,
    member: fc.constantFrom("m1", "m2", "m3"),
  });
  const act = fc.oneof(
    { arbitrary: fc.record({ do: fc.constant("join"), names }), weight: 5 },
    { arbitrary: fc.record({ do: fc.constant("leave"), names }), weight: 3 },
    { arbitrary: fc.record({ do: fc.constant("leaveAll"), names }), weight: 1 },
  );
  fc.assert(
    fc.property(fc.array(act, { maxLength: 60 }), fc.array(topicNames, { maxLength: 5 }), (acts, topics) => {
      const groups = new SharedGroups<string, number>();
      const list = new Map<string, { names: Names; options: number }>();
      const key = ({ shareName, filter, member }: Names) => `${shareName} ${filter} ${member}`;
      for (const [index, { do: what, names }] of acts.entries()) {
        const { shareName, filter, member } = names;
        const known = list.has(key(names));
        if (what === "join") {
          expect(groups.join(shareName, filter, { member, options: index })).toBe(
            known ? "replaced" : "joined",
          );
          list.set(key(names), { names, options: index });
        } else if (what === "leave") {
          expect(groups.leave(shareName, filter, member)).toBe(known);
          list.delete(key(names));
        } else {
          const own = [...list.values()].filter((it) => it.names.member === member);
          expect([...groups.of(member)]).toHaveLength(own.length);
          expect(groups.leaveAll(member)).toBe(own.length);
          for (const it of own) list.delete(key(it.names));
        }
      }
      for (const topic of topics) {
        const expected = [...list.values()]
          .filter(({ names }) => matches(names.filter, topic))
          .map(({ names, options }) => `${key(names)} ${options}`);
        expect(groups.match(topic).flatMap(told).sort()).toEqual(expected.sort());
      }
    }),
    { numRuns: 300 },
  );
});

interface Names {
  readonly shareName: string;
  readonly filter: TopicFilter;
  readonly member: string;
}

function told({ shareName, filter, members }: SharedGroup<string, number>): string[] {
  return members.map(({ member, options }) => `${shareName} ${filter} ${member} ${options}`);
}
