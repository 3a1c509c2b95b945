import type { CommandView } from "@tram/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TIME } from "../live/snapshot.fixture.ts";
import { type CommandEntry, hasEnded, observeCommand, progressOf } from "./command-entry.ts";

const command = (more: Partial<CommandView> = {}): CommandView => ({
  id: "c1",
  thing: "lamp",
  property: "lamp/on",
  value: true,
  origin: "api:admin",
  state: "accepted",
  submittedAt: TIME,
  ...more,
});
const asking: CommandEntry = { phase: "asking", ticket: 1, value: true, after: "c0" };
const LATER = "2026-03-01T08:00:01.000Z";

describe("observeCommand", () => {
  it("recognises the command that was asked for", () => {
    expect(observeCommand(asking, command())).toEqual({ phase: "followed", command: command() });
  });

  it("does not take the news of the command before for it", () => {
    const late = command({ id: "c0", state: "confirmed", endedAt: TIME });
    expect(observeCommand(asking, late)).toBe(asking);
  });

  it("does not take a rule's command for it", () => {
    expect(observeCommand(asking, command({ origin: "rule:night" }))).toBe(asking);
  });

  it("never goes back, in whatever order the news comes", () => {
    const states = fc.constantFrom("accepted", "sent", "confirmed", "failed", "expired");
    fc.assert(
      fc.property(fc.array(states, { minLength: 1 }), (order) => {
        let entry: CommandEntry | undefined;
        let ended: string | undefined;
        for (const state of order) {
          entry = observeCommand(entry, command({ state }));
          if (entry.phase !== "followed") throw new Error("not followed");
          if (ended !== undefined) expect(entry.command.state).toBe(ended);
          if (hasEnded(entry.command)) ended = entry.command.state;
        }
      }),
    );
  });

  it("follows the later of two commands", () => {
    const first = observeCommand(undefined, command());
    const second = observeCommand(first, command({ id: "c2", submittedAt: LATER }));
    expect(second).toMatchObject({ command: { id: "c2" } });
    expect(observeCommand(second, command({ state: "expired" }))).toBe(second);
  });
});

describe("progressOf", () => {
  const followed = (more: Partial<CommandView>) => progressOf({ phase: "followed", command: command(more) });

  it("is pending from the click until an end is known", () => {
    expect(progressOf(asking)).toEqual({ kind: "pending", value: true });
    expect(progressOf({ ...asking, phase: "taken" })).toEqual({ kind: "pending", value: true });
    expect(followed({ state: "accepted" })).toEqual({ kind: "pending", value: true });
    expect(followed({ state: "sent", sentAt: TIME })).toEqual({ kind: "pending", value: true });
    expect(followed({ state: "confirmed", endedAt: TIME })).toEqual({ kind: "confirmed" });
  });

  it("names who else sends", () => {
    expect(followed({ origin: "rule:night" })).toEqual({ kind: "pending", value: true, by: "rule:night" });
  });

  it("ends at sent where nobody confirms", () => {
    expect(followed({ state: "sent", sentAt: LATER, endedAt: LATER })).toEqual({
      kind: "sent",
      value: true,
      at: LATER,
    });
  });

  it.each(["refused", "failed", "expired"] as const)("tells why it was %s", (state) => {
    expect(followed({ state, endedAt: TIME, code: "timeout", reason: "silence" })).toEqual({
      kind: "failed",
      value: true,
      code: "timeout",
      reason: "silence",
    });
  });
});
