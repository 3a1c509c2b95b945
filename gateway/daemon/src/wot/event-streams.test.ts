import type { ThingId } from "@tram/protocol";
import { VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventStreams, HEARTBEAT_MS, STREAM_LIMITS, type StreamRequest, type Wire } from "./event-streams.ts";
import { KEPT, type Notice, NoticeBoard } from "./notice-board.ts";

const LAMP = "lamp" as ThingId;
const PRESSED = { subject: "event", thing: LAMP, name: "pressed" } as const;

/** The other end of a stream, with all that it was told. */
class Listener implements Wire {
  closed = false;
  backlog = 0;
  readonly heard: unknown[] = [];
  readonly marks: string[] = [];
  lastId: string | undefined;
  #onClose = (): void => undefined;

  tell(notice: Notice, id: string): void {
    this.heard.push(notice.data);
    this.lastId = id;
  }
  mark(id: string): void {
    this.lastId = id;
  }
  gap(): void {
    this.marks.push("gap");
  }
  beat(): void {
    this.marks.push("beat");
  }
  end(): void {
    this.marks.push("end");
    this.leave();
  }
  cut(): void {
    this.marks.push("cut");
    this.leave();
  }
  onClose(listener: () => void): void {
    this.#onClose = listener;
  }
  leave(): void {
    this.closed = true;
    this.#onClose();
  }
}

function room(era = "e1") {
  const clock = new VirtualClock();
  const board = new NoticeBoard();
  const streams = new EventStreams({ board, clock, era });
  const open = (more: Partial<StreamRequest> = {}): Listener => {
    const listener = new Listener();
    streams.open({ watch: PRESSED, person: "minh", stillAllowed: () => true, ...more }, listener);
    return listener;
  };
  const press = (data: number, name = "pressed", thing = LAMP): void =>
    board.publish({ subject: "event", thing, name, data, time: clock.now() });
  return { clock, board, streams, open, press };
}

describe("a stream", () => {
  test("tells what it is about, from now on, and nothing else", () => {
    const { open, press } = room();
    press(0);
    const one = open();
    const all = open({ watch: { subject: "event", thing: LAMP } });
    press(1);
    press(2, "worn-out");
    press(3, "pressed", "fan" as ThingId);
    expect(one.heard).toEqual([1]);
    expect(all.heard).toEqual([1, 2]);
  });

  test("goes on where it broke off", () => {
    const { open, press, streams } = room();
    const first = open();
    press(1);
    first.leave();
    expect(streams.size).toBe(0);
    press(2);
    press(3);
    expect(first.heard).toEqual([1]);
    const second = open({ lastId: first.lastId });
    press(4);
    expect(second).toMatchObject({ heard: [2, 3, 4], marks: [] });
    second.leave();
    const silent = open({ lastId: second.lastId });
    silent.leave();
    press(5);
    expect(open({ lastId: silent.lastId })).toMatchObject({ heard: [5], marks: [] });
  });

  test("says when it cannot know what was missed, and tells what is kept", () => {
    const { open, press } = room();
    open();
    press(1);
    const earlierLife = open({ lastId: "e0-7" });
    expect(earlierLife).toMatchObject({ heard: [1], marks: ["gap"] });
    for (const lastId of ["", "e1-", "e1-x", "e1--1", "e1-1e3", "\u0000", "x".repeat(10_000)]) {
      expect(open({ lastId }), lastId.slice(0, 10)).toMatchObject({ heard: [1], marks: ["gap"] });
    }
    for (let count = 0; count < 2 * KEPT.event; count++) press(count);
    expect(open({ lastId: "e1-1" }).marks).toEqual(["gap"]);
    // A number that was never given is that of the latest.
    expect(open({ lastId: "e1-999999999999999" })).toMatchObject({ heard: [], marks: [] });
  });

  test("of a state begins with how it is, unless the caller heard how it became so", () => {
    const { board, clock, open } = room();
    const watch = { subject: "property", thing: LAMP, name: "lamp/on" } as const;
    let value = true;
    const change = (data: boolean): void => {
      value = data;
      board.publish({ ...watch, data, time: clock.now() });
    };
    const present = () => [{ ...watch, seq: 0, data: value, time: clock.now() }];
    const first = open({ watch, present });
    expect(first.heard).toEqual([true]);
    first.leave();
    change(false);
    change(true);
    expect(open({ watch, present, lastId: first.lastId }).heard).toEqual([false, true]);
    expect(open({ watch, present, lastId: "e0-1" })).toMatchObject({ heard: [true], marks: ["gap"] });
  });

  test("is kept alive, and ends when its rights end, its Thing goes or the gateway stops", async () => {
    const { clock, open, streams } = room();
    let allowed = true;
    const mortal = open({ stillAllowed: () => allowed });
    const other = open();
    await clock.advance(HEARTBEAT_MS);
    expect([mortal.marks, other.marks]).toEqual([["beat"], ["beat"]]);
    allowed = false;
    streams.recheck();
    expect(mortal.marks).toEqual(["beat", "cut"]);
    const late = open({ stillAllowed: () => false });
    expect(late.marks).toEqual(["cut"]);
    // A session that runs out tells nobody: the heartbeat finds it.
    allowed = true;
    const expiring = open({ stillAllowed: () => allowed });
    allowed = false;
    await clock.advance(HEARTBEAT_MS);
    expect(expiring.marks).toEqual(["cut"]);
    const directory = open({ watch: { subject: "directory" } });
    streams.retire(LAMP);
    expect([other.marks.at(-1), directory.marks]).toEqual(["end", []]);
    streams.close();
    expect(directory.marks).toEqual(["end"]);
    expect(clock.pending).toBe(0);
  });

  test("that is not read is cut, and the others hear on", async () => {
    const { clock, open, press, streams } = room();
    const slow = open();
    const quick = open();
    slow.backlog = STREAM_LIMITS.backlogBytes + 1;
    press(1);
    expect(slow).toMatchObject({ heard: [], marks: ["cut"] });
    expect(quick.heard).toEqual([1]);
    const gone = open();
    gone.closed = true;
    quick.backlog = STREAM_LIMITS.backlogBytes + 1;
    await clock.advance(HEARTBEAT_MS);
    expect(streams.size).toBe(0);
  });

  test("that is told too much at once is cut in time", () => {
    const { clock, open, streams } = room();
    const watch = { subject: "property", thing: LAMP } as const;
    const hungry = new Listener();
    hungry.tell = (notice) => {
      hungry.heard.push(notice.data);
      hungry.backlog += 100_000;
    };
    const present = () =>
      Array.from({ length: 512 }, (_, data) => ({
        ...watch,
        seq: 0,
        name: `a/${data}`,
        data,
        time: clock.now(),
      }));
    streams.open({ watch, person: "minh", stillAllowed: () => true, present }, hungry);
    expect(hungry.heard).toHaveLength(3);
    expect(hungry.marks).toEqual(["cut"]);
    expect(open().marks).toEqual([]);
  });

  test("is not remembered beyond what memory may be taken", () => {
    const { board, clock, open } = room();
    open();
    const big = "x".repeat(100_000);
    for (let count = 0; count < 100; count++) {
      board.publish({ ...PRESSED, data: count % 2 === 0 ? big : { text: big }, time: clock.now() });
    }
    const { complete, notices } = board.since(PRESSED, 0);
    expect(complete).toBe(false);
    expect(notices.length).toBeLessThanOrEqual(10);
    expect(notices.at(-1)?.seq).toBe(100);
    expect(board.since(PRESSED, 95)).toMatchObject({ complete: true, notices: { length: 5 } });
    // One that is too large by itself is told, and not kept.
    board.publish({ ...PRESSED, data: "x".repeat(2_000_000), time: clock.now() });
    expect(board.since(PRESSED, 100)).toEqual({ complete: false, notices: [] });
  });

  test("has room beside those of one person, and of all", () => {
    const { open, streams } = room();
    const mine = Array.from({ length: STREAM_LIMITS.each + 9 }, () => open());
    expect(mine.filter(({ marks }) => marks.includes("cut"))).toHaveLength(9);
    expect(streams.full("minh")).toMatch(/of minh/);
    expect(streams.full("lan")).toBeUndefined();
    for (let person = 0; person < 10; person++) {
      for (let count = 0; count < STREAM_LIMITS.each; count++) open({ person: `p${person}` });
    }
    expect(streams.size).toBe(STREAM_LIMITS.all);
    expect(streams.full("lan")).toMatch(/256 streams/);
    mine[0]?.leave();
    expect(streams.full("lan")).toBeUndefined();
  });
});

test("whoever comes back in time hears everything once and in order, whatever happens meanwhile", () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom("press", "other", "leave", "return"), { maxLength: 200 }),
      (steps) => {
        const { open, press } = room();
        let listener = open();
        let away = false;
        const heard: unknown[] = [];
        let pressed = 0;
        for (const step of steps) {
          if (step === "press") press(++pressed);
          if (step === "other") press(0, "worn-out");
          if (step === "leave" && !away) {
            away = true;
            heard.push(...listener.heard);
            const { lastId } = listener;
            listener.leave();
            listener.lastId = lastId;
          }
          if (step === "return" && away) {
            away = false;
            const { lastId } = listener;
            listener = open({ lastId });
            listener.lastId ??= lastId;
          }
        }
        if (away) listener = open({ lastId: listener.lastId });
        heard.push(...listener.heard);
        expect(heard).toEqual(Array.from({ length: pressed }, (_, index) => index + 1));
      },
    ),
  );
});
