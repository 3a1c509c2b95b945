import type { CommandId, Instant, Json, PropertyKey, Reading, Thing, ThingId } from "@tram/protocol";
import { expect, test } from "vitest";
import { compile } from "../compile.ts";
import { compareActions } from "./compare-actions.ts";
import { type Recorded, Replay, type Side } from "./replay.ts";

const START = Date.UTC(2026, 5, 1, 6);
const NEAR = { sameMs: 1_000, movedMs: 600_000 };
const FAN: Thing = { id: "fan", title: "Fan", properties: { "fan/on": { type: "boolean" } } };
const ROOM: Thing = { id: "room", title: "Room", properties: { "air/temperature": { type: "number" } } };

function side(text: string): Side {
  return { compile: (house) => compile([{ file: "r.yaml", text }], { house, timezone: "UTC" }) };
}

const rule = (above: number): string => `
- id: hot
  triggers: [{ numeric: { property: room/air/temperature, above: ${above} } }]
  actions: [{ set: fan/fan/on, value: true }]
- id: cool
  triggers: [{ numeric: { property: room/air/temperature, below: 20 } }]
  conditions: [{ state: { property: fan/on, is: true } }]
  actions: [{ set: fan/fan/on, value: false }]
`;

/** `1s room/air/temperature 31` and the like, as a record. */
class Record {
  readonly events: Recorded[] = [];
  bootId = "one";
  at(seconds: number): Instant {
    return {
      wall: START + seconds * 1_000,
      monotonic: 500_000 + seconds * 1_000,
      bootId: this.bootId,
      trust: "synced",
    };
  }
  known(...things: Thing[]): this {
    for (const thing of things) this.events.push({ kind: "thing", at: this.at(0), thing, known: true });
    return this;
  }
  reading(seconds: number, property: string, value: Json, more: { cause?: string; known?: true } = {}): this {
    const [thing = "", node = "", name = ""] = property.split("/");
    const at = this.at(seconds);
    const reading: Reading = {
      thing: thing as ThingId,
      property: `${node}/${name}` as PropertyKey,
      value,
      quality: "good",
      time: at.wall,
      receivedAt: at.wall,
      origin: "device",
      ...(more.cause === undefined ? {} : { cause: { commandId: more.cause as CommandId, depth: 1 } }),
    };
    this.events.push({ kind: "reading", at, reading, ...(more.known === true ? { known: true } : {}) });
    return this;
  }
  command(seconds: number, id: string, by: string | undefined, text: string): this {
    const at = this.at(seconds);
    const action = { at: at.wall, text, ...(by === undefined ? {} : { rule: by }) };
    this.events.push({ kind: "done", at, action, commandId: id });
    return this;
  }
}

function play(events: readonly Recorded[], ...texts: string[]): Replay {
  const replay = new Replay(texts.map(side));
  for (const event of events) replay.meet(event);
  return replay;
}

const told = (actions: readonly { at: number; text: string; rule: string }[]): string[] =>
  actions.map(({ at, rule: by, text }) => `${(at - START) / 1_000} ${by} ${text}`);

/** Hot at 10 s, the fan on by a rule, cool again at 60 s. */
const DAY = new Record()
  .known(FAN, ROOM)
  .reading(0, "fan/fan/on", false, { known: true })
  .reading(0, "room/air/temperature", 25, { known: true })
  .reading(1, "room/air/temperature", 26)
  .reading(10, "room/air/temperature", 31)
  .command(10, "c1", "hot", "fan/fan/on = true")
  .reading(11, "fan/fan/on", true, { cause: "c1" })
  .command(11, "c1", "hot", "fan/fan/on = true")
  .reading(30, "fan/fan/on", true)
  .reading(60, "room/air/temperature", 18)
  .command(60, "c2", "cool", "fan/fan/on = false")
  .reading(61, "fan/fan/on", false, { cause: "c2" });

test("the rules that made the record do the same again", () => {
  const replay = play(DAY.events, rule(30));
  expect(told(replay.recorded.actions)).toEqual(["10 hot fan/fan/on = true", "60 cool fan/fan/on = false"]);
  expect(told(replay.played[0]?.actions ?? [])).toEqual(told(replay.recorded.actions));
  expect(replay.facts).toEqual({ events: 13, readings: 6, gaps: 0, from: START, to: START + 61_000 });
});

test("changed rules meet the world, and not what the old rules made of it", () => {
  const replay = play(DAY.events, rule(30), rule(40));
  const [current, changed] = replay.played;
  // With 40 the fan is never on: neither its confirmation nor what it reported at 30 s is fed in.
  expect(told(changed?.actions ?? [])).toEqual([]);
  expect(
    compareActions(current?.actions ?? [], changed?.actions ?? [], NEAR).map(({ kind }) => kind),
  ).toEqual(["first", "first"]);
});

test("what people do is part of the world", () => {
  const pressed = new Record()
    .known(FAN, ROOM)
    .reading(0, "fan/fan/on", false, { known: true })
    .command(5, "c9", undefined, "fan/fan/on = true")
    .reading(5, "fan/fan/on", true, { cause: "c9" })
    .reading(60, "room/air/temperature", 18);
  const [changed] = play(pressed.events, rule(40)).played;
  expect(told(changed?.actions ?? [])).toEqual(["60 cool fan/fan/on = false"]);
});

test("a device that is switched by hand after the rules switched it is believed", () => {
  const record = new Record()
    .known(FAN, ROOM)
    .reading(0, "fan/fan/on", false, { known: true })
    .reading(10, "room/air/temperature", 31)
    // The record's rules did nothing; the played ones switch the fan on. At 20 s it reports again, unchanged.
    .reading(20, "fan/fan/on", false)
    .reading(30, "fan/fan/on", true)
    .reading(40, "fan/fan/on", false)
    .reading(60, "room/air/temperature", 18);
  const [side] = play(record.events, rule(30)).played;
  expect(told(side?.actions ?? [])).toEqual(["10 hot fan/fan/on = true"]);
});

test("waits run on the clock of the record, over a restart of the machine and a step of the clock", () => {
  const text = `
- id: hot
  triggers: [{ numeric: { property: room/air/temperature, above: 30 }, for: 5m }]
  actions: [{ notify: hot }]
- id: morning
  triggers: [{ time: "06:30" }]
  actions: [{ notify: morning }]
`;
  const record = new Record().known(ROOM).reading(1, "room/air/temperature", 31);
  record.bootId = "two";
  record.events.push({ kind: "start", at: { ...record.at(120), monotonic: 20_000 } });
  record.known(ROOM);
  const later = (seconds: number): Instant => ({
    ...record.at(seconds),
    monotonic: 20_000 + (seconds - 120) * 1_000,
  });
  record.events.push({ kind: "other", at: later(200) });
  record.reading(250, "room/air/temperature", 32);
  const readingAt = record.events.at(-1) as { at: Instant };
  readingAt.at = later(250);
  // From 06:06:40 to 06:29:50: ten seconds later it is 06:30.
  const stepMs = 1_390_000;
  const stepped = (seconds: number): Instant => ({ ...later(seconds), wall: later(seconds).wall + stepMs });
  record.events.push({ kind: "clock", at: stepped(400), stepMs });
  record.events.push({ kind: "other", at: stepped(420) });
  const [side] = play(record.events, text).played;
  expect(told(side?.actions ?? [])).toEqual(["301 hot info: hot", "1800 morning info: morning"]);
  expect(side?.failure).toBeUndefined();
});

test("the record ends, and what is due until then happens still", () => {
  const replay = play(
    new Record().known(ROOM).reading(1, "room/air/temperature", 31).events,
    `- { id: late, triggers: [{ time: "07:00" }], actions: [{ notify: late }] }`,
  );
  expect(replay.played[0]?.actions).toEqual([]);
  replay.until(START + 3_600_000);
  expect(told(replay.played[0]?.actions ?? [])).toEqual(["3600 late info: late"]);
});

test("actions are compared by what they do and when", () => {
  const action = (at: number, text: string) => ({ at: at * 1_000, text, rule: "r" });
  const first = [action(1, "a"), action(5, "a"), action(8, "b"), action(2_000, "c"), action(3_000, "d")];
  const second = [action(1.5, "a"), action(65, "a"), action(9_000, "c"), action(3, "d")];
  expect(compareActions(first, second, NEAR)).toEqual([
    { kind: "second", ...action(3, "d") },
    { kind: "moved", ...action(5, "a"), movedTo: 65_000 },
    { kind: "first", ...action(8, "b") },
    { kind: "first", ...action(2_000, "c") },
    { kind: "first", ...action(3_000, "d") },
    { kind: "second", ...action(9_000, "c") },
  ]);
});
