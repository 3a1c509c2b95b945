import { createSlice, type PayloadAction } from "@reduxjs/toolkit";
import type { LivePhase } from "./socket.ts";

/** How the live socket fares. */
export const connectionSlice = createSlice({
  name: "connection",
  initialState: { phase: "connecting" as LivePhase },
  reducers: {
    phaseChanged(state, { payload }: PayloadAction<LivePhase>) {
      state.phase = payload;
    },
  },
});

export const { phaseChanged } = connectionSlice.actions;
