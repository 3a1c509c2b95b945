import type { BridgeView, ModuleView } from "@tram/protocol";
import { expect, it } from "vitest";
import { changesReceived, snapshotReceived } from "../live/actions.ts";
import { GATEWAY, snapshotOf, TIME } from "../live/snapshot.fixture.ts";
import { systemSlice } from "./system-slice.ts";

const bridge: BridgeView = {
  id: "up",
  provider: "mqtt",
  state: "offline",
  since: TIME,
  queued: 3,
  queuedByClass: {},
  sent: 0,
  dropped: 0,
  parked: 0,
  traffic: { today: 0, month: 0, undated: 0 },
};
const module: ModuleView = {
  id: "sim",
  use: "sim",
  state: "opening",
  since: TIME,
  restarts: 0,
  isolation: "in-process",
};

it("follows gateway, bridges and modules", () => {
  const reduce = systemSlice.reducer;
  let state = reduce(undefined, snapshotReceived(snapshotOf({ bridges: [bridge], modules: [module] })));
  expect(state.gateway).toEqual(GATEWAY);
  state = reduce(
    state,
    changesReceived([
      { kind: "bridge", bridge: { ...bridge, state: "online", queued: 0 } },
      { kind: "module", module: { ...module, state: "up" } },
      { kind: "gateway", gateway: { ...GATEWAY, store: "failing" } },
    ]),
  );
  expect([state.bridges.up?.state, state.modules.sim?.state, state.gateway?.store]).toEqual([
    "online",
    "up",
    "failing",
  ]);
  state = reduce(state, changesReceived([{ kind: "bridge-removed", id: "up" }]));
  expect(state.bridges).toEqual({});
});
