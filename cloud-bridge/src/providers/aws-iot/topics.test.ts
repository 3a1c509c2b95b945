import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unfit } from "./limits.ts";
import { ThingNames } from "./thing-names.ts";
import { AwsTopics } from "./topics.ts";

const id = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/);
const THING_NAME = /^[a-zA-Z0-9:_-]{1,128}$/;

describe("names of Things", () => {
  it("are valid in AWS IoT, and different for different Things", () => {
    fc.assert(
      fc.property(id, fc.uniqueArray(id, { minLength: 2, maxLength: 8 }), (gateway, things) => {
        const names = new ThingNames(gateway);
        const made = things.filter((thing) => thing !== gateway).map((thing) => names.of(thing));
        expect(made.every((name) => THING_NAME.test(name))).toBe(true);
        expect(new Set(made).size).toBe(made.length);
        expect(made.map((name) => names.idOf(name))).toEqual(things.filter((thing) => thing !== gateway));
      }),
    );
  });

  it("of one gateway's children are never covered by the policy of another gateway", () => {
    fc.assert(
      fc.property(id, id, id, (one, other, thing) => {
        const [mine, theirs] = [new ThingNames(one), new ThingNames(other)];
        fc.pre(mine.gateway !== theirs.gateway && thing !== one);
        expect(mine.of(thing).startsWith(`${theirs.gateway}--`)).toBe(false);
      }),
    );
  });

  it("are the gateway's own for the gateway, and can be given", () => {
    const names = new ThingNames("farm", "Farm:1");
    expect([names.of("farm"), names.of("pump"), names.idOf("Farm:1")]).toEqual([
      "Farm:1",
      "Farm:1--pump",
      "farm",
    ]);
  });

  it("that are too long are cut, and that is known", () => {
    const names = new ThingNames("g".repeat(64));
    const long = `${"t".repeat(63)}x`;
    expect(names.of(long)).toHaveLength(128);
    expect([names.isCut(long), names.isCut("pump")]).toEqual([true, false]);
    expect(names.idOf(names.of(long))).toBe(long);
  });
});

describe("topics", () => {
  const topics = new AwsTopics("farm");

  it("tell the class behind one prefix", () => {
    expect(topics.message({ class: "alarm", thing: "cellar", name: "leak/wet" })).toBe(
      "tram/farm/alarm/cellar/leak/wet",
    );
  });

  it("of answers are read back to what was asked", () => {
    const shadow = fc
      .record({ thing: id, name: fc.option(id, { nil: undefined }) })
      .map(({ thing, name }) => ({
        thing,
        ...(name === undefined ? {} : { name }),
      }));
    const operation = fc.constantFrom("get" as const, "update" as const);
    const result = fc.constantFrom("accepted" as const, "rejected" as const);
    fc.assert(
      fc.property(shadow, operation, result, id, (ref, what, how, job) => {
        expect(topics.read(`${topics.shadow(ref, what)}/${how}`)).toEqual({
          kind: "shadow",
          shadow: ref,
          operation: what,
          result: how,
        });
        expect(topics.read(`${topics.shadow(ref, "update")}/delta`)).toEqual({ kind: "delta", shadow: ref });
        expect(topics.read(`${topics.job(job, what)}/${how}`)).toEqual({
          kind: "job",
          job,
          operation: what,
          result: how,
        });
        expect(topics.read(`${topics.startNextJob()}/${how}`)).toEqual({ kind: "job-started", result: how });
      }),
    );
  });

  it("from elsewhere are nobody's", () => {
    fc.assert(
      fc.property(fc.string(), (topic) => {
        fc.pre(!topic.startsWith("$aws/things/"));
        expect(topics.read(topic)).toBeUndefined();
      }),
    );
    for (const topic of [
      "$aws/things/other/jobs/notify-next",
      "$aws/things/farm/jobs/a/b/c/accepted",
      "$aws/things/farm/shadow/get/delta",
      "$aws/things/farm/shadow/update/documents",
    ]) {
      expect(topics.read(topic)).toBeUndefined();
    }
  });

  it("to subscribe to are few, and fit", () => {
    const filters = topics.filters();
    expect(filters).toHaveLength(10);
    expect(filters.every((filter) => unfit(filter, 0) === undefined)).toBe(true);
  });
});

describe("what can never go", () => {
  it("is told with its measure", () => {
    expect(unfit("a/b", 131_072)).toBeUndefined();
    expect(unfit("a/b", 131_073)).toMatch(/131073 bytes/);
    expect(unfit("a".repeat(257), 0)).toMatch(/topic has 257 bytes/);
    expect(unfit("ấ".repeat(100), 0)).toMatch(/topic has 300 bytes/);
    expect(unfit("a/b/c/d/e/f/g/h/i", 0)).toMatch(/8 slashes/);
    expect(unfit("a/b/c/d/e/f/g/h", 0)).toBeUndefined();
  });
});
