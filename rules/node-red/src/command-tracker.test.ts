import { expect, test } from "vitest";
import { CommandTracker } from "./command-tracker.ts";
import type { CommandInfo } from "./live-message.ts";

const command = (id: string, state: CommandInfo["state"]): CommandInfo => ({ id, thing: "fan", state });

test("each state once, none after a later one, and nothing of strangers", () => {
  const told: string[] = [];
  const tracker = new CommandTracker<string>(({ id, state }, message) =>
    told.push(`${message} ${id} ${state}`),
  );
  tracker.hear(command("b", "sent"));
  tracker.track(command("a", "accepted"), "m");
  for (const state of ["accepted", "confirmed", "sent", "failed"] as const) tracker.hear(command("a", state));
  expect(told).toEqual(["m a accepted", "m a confirmed"]);
  expect(tracker.ids).toEqual([]);
});

test("those that are too many are counted", () => {
  const tracker = new CommandTracker<number>(() => undefined);
  for (let n = 0; n < 1_200; n++) tracker.track(command(`c${n}`, "accepted"), n);
  expect([tracker.ids.length, tracker.dropped, tracker.ids[0]]).toEqual([1_000, 200, "c200"]);
});
