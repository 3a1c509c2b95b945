import { VirtualClock } from "@tram/testkit";
import { expect, test } from "vitest";
import type { AuditEntry } from "./audit-log.ts";
import { MOST_KINDS, QUIET_MS, RepeatFilter } from "./repeat-filter.ts";

function room() {
  const clock = new VirtualClock();
  const written: AuditEntry[] = [];
  const filter = new RepeatFilter({ clock, audit: (entry) => written.push(entry) });
  const deny = (topic: string) => filter.note(topic, { action: "publish-denied", subject: topic, by: "fan" });
  return { clock, written, filter, deny };
}

test("the first is told at once, the others with their number, once a minute for as long as it goes on", async () => {
  const { clock, written, deny } = room();
  for (let count = 0; count < 100; count++) deny("a");
  deny("b");
  expect(written.map(({ subject, count }) => [subject, count])).toEqual([
    ["a", undefined],
    ["b", undefined],
  ]);
  await clock.advance(QUIET_MS);
  expect(written.at(-1)).toMatchObject({ subject: "a", count: 99 });
  for (let count = 0; count < 7; count++) deny("a");
  expect(written).toHaveLength(3);
  await clock.advance(QUIET_MS);
  expect(written.at(-1)).toMatchObject({ subject: "a", count: 7 });
  await clock.advance(QUIET_MS);
  deny("a");
  expect(written.at(-1)).toEqual({ action: "publish-denied", subject: "a", by: "fan" });
});

test("thousands of different ones are so many lines and a sum", async () => {
  const { clock, written, deny } = room();
  for (let count = 0; count < 10_000; count++) deny(`t/${count}`);
  expect(written).toHaveLength(MOST_KINDS);
  await clock.advance(QUIET_MS);
  expect(written).toHaveLength(MOST_KINDS + 1);
  expect(written.at(-1)).toMatchObject({ subject: "several", count: 10_000 - MOST_KINDS });
});

test("what was counted is told at the stop", () => {
  const { written, deny, filter } = room();
  deny("a");
  deny("a");
  filter[Symbol.dispose]();
  expect(written.at(-1)).toMatchObject({ subject: "a", count: 1 });
});
