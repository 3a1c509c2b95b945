import { expect, test } from "vitest";
import { writeJunit } from "./junit.ts";
import { readRecorded } from "./recorded-events.ts";

test("JUnit holds whatever a test is called, and what is wrong with a file", () => {
  const failure = { line: 3, expected: '<a> & "b"', found: "\u0000\u001b]x" };
  const text = writeJunit([
    {
      file: "a.test.yaml",
      problems: [{ path: "[1].when", problem: "unknown key", line: 7 }],
      tests: [
        { name: "a\n\ud800", line: 1, status: "failed", failures: [failure], timeline: [], elapsedMs: 0 },
        { name: "b", line: 9, status: "skipped", reason: "later", failures: [], timeline: [], elapsedMs: 0 },
      ],
      tookMs: 1_234,
    },
  ]);
  expect(text).toContain('<testsuites tests="3" failures="1" errors="1" skipped="1" time="1.234">');
  expect(text).toContain('message="expected &lt;a&gt; &amp; &quot;b&quot;; found ??]x"');
  expect(text).toContain('line="7">\n<error message="[1].when: unknown key"/>');
  expect(text).toContain('<skipped message="later"/>');
  expect(text).not.toMatch(/\p{Surrogate}/u);
});

const line = (kind: string, what: object, more: object = {}): string =>
  JSON.stringify({
    time: "2026-01-05T00:00:01.000Z",
    kind,
    what,
    seq: 1,
    boot: "b",
    monotonic: 5,
    clock: "synced",
    ...more,
  });

test("lines of the journal are what a replay meets", () => {
  const at = { wall: Date.UTC(2026, 0, 5, 0, 0, 1), monotonic: 5, bootId: "b", trust: "synced" };
  const reading = {
    thing: "fan",
    property: "fan/on",
    value: true,
    quality: "good",
    cause: { commandId: "c", depth: 2 },
  };
  expect(readRecorded(line("reading", reading))).toMatchObject({
    kind: "reading",
    at,
    known: false,
    reading: { thing: "fan", value: true, cause: { commandId: "c", depth: 2 }, receivedAt: at.wall },
  });
  // As the clock stood then, where it was wrong.
  expect(readRecorded(line("start", {}, { wall: "2020-01-01T00:00:00Z", clock: "untrusted" }))?.at).toEqual({
    ...at,
    wall: Date.UTC(2020, 0, 1),
    trust: "untrusted",
  });
  expect(
    readRecorded(
      line("command", { id: "c", origin: "rule:cool", thing: "fan", property: "fan/on", value: true }),
    ),
  ).toMatchObject({ kind: "done", commandId: "c", action: { rule: "cool", text: "fan/fan/on = true" } });
  expect(
    readRecorded(line("command", { id: "d", origin: "api:minh", thing: "a", action: "go", value: 1 })),
  ).toEqual({
    kind: "done",
    at,
    commandId: "d",
    action: { at: at.wall, text: "invoke a/go 1" },
  });
  expect(
    readRecorded(line("availability", { id: "fan", availability: "lost", previous: "ready" })),
  ).toMatchObject({
    kind: "availability",
    to: "lost",
  });
  const thing = { id: "fan", title: "Fan", properties: {} };
  expect(
    readRecorded(
      line("known-thing", { thing, availability: "ready", settings: { area: "shed", tags: ["cool", 7] } }),
    ),
  ).toMatchObject({
    kind: "thing",
    known: true,
    availability: "ready",
    placing: { area: "shed", tags: ["cool"] },
  });
  expect(readRecorded(line("gap", {}))).toMatchObject({ kind: "gap" });
});

test.each([
  "",
  "{",
  "7",
  "{}",
  '{"what":{}}',
  line("reading", { thing: "Fan!", property: "fan/on", value: 1, quality: "good" }),
  line("reading", { thing: "fan", property: "fan", value: 1, quality: "good" }),
  line("reading", { thing: "fan", property: "fan/on", value: 1, quality: "fine" }),
  line("clock", {}),
  line("thing", { thing: { id: "fan" } }),
  line("start", {}, { clock: "maybe" }),
  line("start", {}, { time: "yesterday" }),
])("%s is no event", (text) => {
  expect(readRecorded(text)).toBeUndefined();
});
