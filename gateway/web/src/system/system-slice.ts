import { createSlice } from "@reduxjs/toolkit";
import type { BridgeView, GatewayView, ModuleView } from "@tram/protocol";
import { changesReceived, snapshotReceived } from "../live/actions.ts";

interface SystemState {
  /** `undefined` until the first snapshot. */
  gateway?: GatewayView;
  bridges: Record<string, BridgeView>;
  modules: Record<string, ModuleView>;
}

const initialState: SystemState = { bridges: {}, modules: {} };

/** The gateway itself, its bridges and its modules. */
export const systemSlice = createSlice({
  name: "system",
  initialState,
  reducers: {},
  extraReducers: (builder) => {
    builder.addCase(snapshotReceived, (_state, { payload }) => ({
      gateway: payload.gateway,
      bridges: Object.fromEntries(payload.bridges.map((bridge) => [bridge.id, bridge])),
      modules: Object.fromEntries(payload.modules.map((module) => [module.id, module])),
    }));
    builder.addCase(changesReceived, (state, { payload }) => {
      for (const change of payload) {
        if (change.kind === "gateway") state.gateway = change.gateway;
        else if (change.kind === "bridge") state.bridges[change.bridge.id] = change.bridge;
        else if (change.kind === "bridge-removed") delete state.bridges[change.id];
        else if (change.kind === "module") state.modules[change.module.id] = change.module;
      }
    });
  },
});
