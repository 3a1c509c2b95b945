import type { Change } from "@tram/protocol";
import { beforeEach, describe, expect, it } from "vitest";
import { type Batcher, createBatcher } from "./batcher.ts";

const change = (id: string): Change => ({ kind: "retired", id });

describe("createBatcher", () => {
  let frames: (() => void)[];
  let timers: (() => void)[];
  let applied: Change[][];
  let batcher: Batcher;

  beforeEach(() => {
    [frames, timers, applied] = [[], [], []];
    batcher = createBatcher({
      frame: (run) => frames.push(run),
      later(_delayMs, run) {
        timers.push(run);
        return () => {
          timers = timers.filter((each) => each !== run);
        };
      },
      apply: (changes) => applied.push(changes),
    });
  });

  it("applies all changes of a frame at once, in order", () => {
    batcher.push([change("a"), change("b")]);
    batcher.push([change("c")]);
    expect(applied).toEqual([]);
    expect(frames).toHaveLength(1);
    frames[0]?.();
    expect(applied).toEqual([[change("a"), change("b"), change("c")]]);
    expect(timers).toHaveLength(0);
  });

  it("applies on the timer where no frame is drawn, and the late frame then does nothing", () => {
    batcher.push([change("a")]);
    timers[0]?.();
    frames[0]?.();
    expect(applied).toEqual([[change("a")]]);
  });

  it("forgets what a snapshot has replaced", () => {
    batcher.push([change("a")]);
    batcher.clear();
    batcher.push([change("b")]);
    frames[0]?.();
    expect(applied).toEqual([[change("b")]]);
  });
});
