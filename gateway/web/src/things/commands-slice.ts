import { createSlice, type PayloadAction } from "@reduxjs/toolkit";
import { changesReceived, snapshotReceived } from "../live/actions.ts";
import { type CommandEntry, commandTarget, hasEnded, observeCommand } from "./command-entry.ts";

export type CommandsState = Record<string, CommandEntry>;

interface Ticketed {
  readonly target: string;
  /** Tells the request from an earlier one for the same property. */
  readonly ticket: number;
}

const initialState: CommandsState = {};

/** The latest command of each property. A value is never taken as set here; only readings tell values. */
export const commandsSlice = createSlice({
  name: "commands",
  initialState,
  reducers: {
    asked(state, { payload }: PayloadAction<Ticketed & { value: unknown }>) {
      const before = state[payload.target];
      state[payload.target] = {
        phase: "asking",
        ticket: payload.ticket,
        value: payload.value,
        after: before?.phase === "followed" ? before.command.id : before?.after,
      };
    },
    taken(state, { payload: { target, ticket } }: PayloadAction<Ticketed>) {
      const entry = state[target];
      if (entry?.phase === "asking" && entry.ticket === ticket) state[target] = { ...entry, phase: "taken" };
    },
    refused(
      state,
      {
        payload: { target, ticket, code, reason },
      }: PayloadAction<Ticketed & { code: string; reason?: string }>,
    ) {
      const entry = state[target];
      if (entry?.phase !== "asking" && entry?.phase !== "taken") return;
      if (entry.ticket !== ticket) return;
      state[target] = { phase: "refused", ticket, value: entry.value, after: entry.after, code, reason };
    },
    dismissed(state, { payload: target }: PayloadAction<string>) {
      delete state[target];
    },
  },
  extraReducers: (builder) => {
    builder.addCase(snapshotReceived, (state) => {
      // A snapshot tells values, not commands: what was under way when the connection broke may have ended unheard.
      for (const [target, entry] of Object.entries(state)) {
        const underWay = entry.phase === "taken" || (entry.phase === "followed" && !hasEnded(entry.command));
        if (underWay) delete state[target];
      }
    });
    builder.addCase(changesReceived, (state, { payload }) => {
      for (const change of payload) {
        if (change.kind === "command" && change.command.property !== undefined) {
          const target = commandTarget(change.command.thing, change.command.property);
          state[target] = observeCommand(state[target], change.command);
        } else if (change.kind === "retired") {
          for (const target of Object.keys(state)) {
            if (target.startsWith(`${change.id}/`)) delete state[target];
          }
        }
      }
    });
  },
});

export const { asked, taken, refused, dismissed } = commandsSlice.actions;
