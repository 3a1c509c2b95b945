import type { Change, CommandView } from "@tram/protocol";
import { describe, expect, it } from "vitest";
import { changesReceived, snapshotReceived } from "../live/actions.ts";
import { snapshotOf, TIME } from "../live/snapshot.fixture.ts";
import { asked, type CommandsState, commandsSlice, dismissed, refused, taken } from "./commands-slice.ts";

const reduce = commandsSlice.reducer;
const target = "lamp/lamp/on";
const told = (more: Partial<CommandView> = {}): Change => ({
  kind: "command",
  command: {
    id: "c1",
    thing: "lamp",
    property: "lamp/on",
    value: true,
    origin: "api:admin",
    state: "accepted",
    submittedAt: TIME,
    ...more,
  },
});
const run = (...actions: Parameters<typeof reduce>[1][]): CommandsState =>
  actions.reduce<CommandsState>((state, action) => reduce(state, action), {});
const ask = (ticket = 1) => asked({ target, ticket, value: true });

describe("commandsSlice", () => {
  it("goes from asked over taken to what the gateway tells", () => {
    expect(run(ask())[target]?.phase).toBe("asking");
    expect(run(ask(), taken({ target, ticket: 1 }))[target]?.phase).toBe("taken");
    const followed = run(ask(), taken({ target, ticket: 1 }), changesReceived([told()]));
    expect(followed[target]?.phase).toBe("followed");
  });

  it("keeps what the socket told when the HTTP answer comes after it", () => {
    const end = told({ state: "confirmed", endedAt: TIME });
    const state = run(ask(), changesReceived([told(), end]), taken({ target, ticket: 1 }));
    expect(state[target]).toMatchObject({ phase: "followed", command: { state: "confirmed" } });
    const late = reduce(state, refused({ target, ticket: 1, code: "no-word" }));
    expect(late).toBe(state);
  });

  it("does not let an old request speak for a newer one", () => {
    const state = run(
      ask(1),
      ask(2),
      refused({ target, ticket: 1, code: "network" }),
      taken({ target, ticket: 1 }),
    );
    expect(state[target]).toMatchObject({ phase: "asking", ticket: 2 });
  });

  it("remembers which command went before", () => {
    const state = run(changesReceived([told({ id: "c0" })]), ask(), ask(2));
    expect(state[target]).toMatchObject({ after: "c0" });
  });

  it("shows a refusal until it is dismissed", () => {
    const state = run(ask(), refused({ target, ticket: 1, code: "unavailable", reason: "lost" }));
    expect(state[target]).toMatchObject({ phase: "refused", code: "unavailable", reason: "lost" });
    expect(reduce(state, dismissed(target))).toEqual({});
  });

  it("drops on a snapshot what may have ended unheard, and keeps what is known", () => {
    const snapshot = snapshotReceived(snapshotOf());
    expect(run(ask(), taken({ target, ticket: 1 }), snapshot)).toEqual({});
    expect(run(changesReceived([told({ state: "sent" })]), snapshot)).toEqual({});
    const failed = told({ state: "failed", endedAt: TIME });
    expect(Object.keys(run(changesReceived([failed]), snapshot))).toEqual([target]);
    expect(Object.keys(run(ask(), snapshot))).toEqual([target]);
  });

  it("forgets the commands of a retired Thing, and of no other", () => {
    const other = told({ thing: "lamp-2" });
    const state = run(changesReceived([told(), other, { kind: "retired", id: "lamp" }]));
    expect(Object.keys(state)).toEqual(["lamp-2/lamp/on"]);
  });

  it("leaves actions alone: they have no row", () => {
    const { property: _property, ...action } = commandOf(told());
    expect(run(changesReceived([{ kind: "command", command: { ...action, action: "identify" } }]))).toEqual(
      {},
    );
  });
});

function commandOf(change: Change): CommandView {
  if (change.kind !== "command") throw new Error("not a command");
  return change.command;
}
