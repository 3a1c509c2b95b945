import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ACTIONS, readRuleWish } from "./rule-wish.ts";

const run = { action: "run", unconditionally: false } as const;
const hot = { ...run, rule: "hot" };

test("the node's rule goes before the topic, and an object is the variables", () => {
  const wish = { rule: "hot", action: "run", body: { variables: { level: 3 } } };
  expect(readRuleWish({ topic: "cold", payload: { level: 3 } }, hot)).toEqual({ ok: true, wish });
  expect(readRuleWish({ topic: "hot", payload: { level: 3 } }, run)).toEqual({ ok: true, wish });
  // As function nodes make it.
  const payload: unknown = runInNewContext("({ level: 3 })");
  expect(readRuleWish({ payload }, hot)).toEqual({ ok: true, wish });
});

test.each([1_700_000_000_000, "on", true, null, undefined, [1], Buffer.from("x"), new Date(0), new Map()])(
  "a payload of %o is no variables",
  (payload) => {
    const wish = { rule: "hot", action: "run", body: {} };
    expect(readRuleWish({ payload }, hot)).toEqual({ ok: true, wish });
  },
);

test("variables are what they were when the message came", () => {
  const payload = { level: 3 };
  const read = readRuleWish({ payload }, hot);
  payload.level = 4;
  expect(read).toMatchObject({ wish: { body: { variables: { level: 3 } } } });
});

test("whether conditions are asked: the message goes before the node, and only true and false count", () => {
  const forced = { ...hot, unconditionally: true };
  expect(readRuleWish({ unconditionally: true }, hot)).toMatchObject({
    wish: { body: { unconditionally: true } },
  });
  expect(readRuleWish({}, forced)).toMatchObject({ wish: { body: { unconditionally: true } } });
  expect(readRuleWish({ unconditionally: false }, forced)).toMatchObject({ wish: { body: {} } });
  for (const unconditionally of ["false", 0, {}]) {
    expect(readRuleWish({ unconditionally }, hot)).toMatchObject({
      ok: false,
      problem: expect.stringMatching(/^unconditionally: expected true or false, found /),
    });
  }
});

test("the message says the action only where the node lets it", () => {
  const free = { ...hot, action: "msg" } as const;
  for (const action of ACTIONS) expect(readRuleWish({ action }, free)).toMatchObject({ wish: { action } });
  expect(readRuleWish({}, free)).toMatchObject({ wish: { action: "run" } });
  expect(readRuleWish({ action: "disable" }, hot)).toMatchObject({ wish: { action: "run" } });
  expect(readRuleWish({ action: "rollback" }, free)).toEqual({
    ok: false,
    problem: 'action: expected run, enable, disable, cancel, resume, found "rollback"',
  });
  // Variables are of a run alone.
  expect(readRuleWish({ action: "cancel", payload: { level: 3 } }, free)).toEqual({
    ok: true,
    wish: { rule: "hot", action: "cancel" },
  });
});

test("what cannot be sent is refused with its place", () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  for (const [msg, problem] of [
    [{ payload: 1 }, /^rule: .*found none/],
    [{ topic: "x".repeat(257) }, /^rule: .*found 257/],
    [{ topic: "\ud800" }, /^rule: /],
    [{ topic: "hot", payload: circle }, /^payload: expected variables that JSON/],
    [{ topic: "hot", payload: { n: 1n } }, /^payload: expected variables that JSON/],
    [{ topic: "hot", action: circle }, /^action: .*found object/],
    [{ topic: "hot", unconditionally: 1n }, /^unconditionally: .*found bigint/],
    [{ topic: "hot", payload: { text: "x".repeat(70_000) } }, /^payload: expected at most 65536/],
  ] as const) {
    expect(readRuleWish(msg, { ...run, action: "msg" })).toMatchObject({
      ok: false,
      problem: expect.stringMatching(problem),
    });
  }
});

test("anything at all is a wish that can be written, or a problem", () => {
  fc.assert(
    fc.property(
      fc.record(
        {
          topic: fc.anything(),
          payload: fc.anything(),
          action: fc.anything(),
          unconditionally: fc.anything(),
        },
        { requiredKeys: [] },
      ),
      (msg) => {
        const read = readRuleWish(msg, { ...run, action: "msg" });
        if (!read.ok) expect(read.problem).toMatch(/^(?:rule|action|unconditionally|payload): /);
        else {
          encodeURIComponent(read.wish.rule);
          JSON.stringify(read.wish.body);
        }
      },
    ),
  );
});
