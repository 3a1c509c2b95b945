import { createSlice } from "@reduxjs/toolkit";
import type { AlertView, PropertyView, Thing, ThingSettings, ThingView } from "@tram/protocol";
import { changesReceived, snapshotReceived } from "../live/actions.ts";

/** What is known of a Thing apart from its description and its values. */
export interface ThingStatus {
  readonly availability: ThingView["availability"];
  readonly source: string;
  readonly problem?: string | undefined;
  readonly settings?: ThingSettings | undefined;
  /** Name of the area that it is in. */
  readonly area?: string | undefined;
  readonly links?: ThingView["links"];
  readonly alerts?: readonly AlertView[] | undefined;
}

/**
 * Descriptions, states and values are apart, because they change at different rates: sorting and searching depend on
 * the descriptions alone, and a reading touches one row.
 */
export interface ThingsState {
  descriptions: Record<string, Thing>;
  statuses: Record<string, ThingStatus>;
  readings: Record<string, Record<string, PropertyView>>;
}

const initialState: ThingsState = { descriptions: {}, statuses: {}, readings: {} };

export const thingsSlice = createSlice({
  name: "things",
  initialState,
  reducers: {},
  extraReducers: (builder) => {
    builder.addCase(snapshotReceived, (_state, { payload }) => {
      const fresh: ThingsState = { descriptions: {}, statuses: {}, readings: {} };
      for (const view of payload.things) take(fresh, view);
      return fresh;
    });
    builder.addCase(changesReceived, (state, { payload }) => {
      for (const change of payload) {
        switch (change.kind) {
          case "thing":
            take(state, change.thing);
            break;
          case "retired":
            delete state.descriptions[change.id];
            delete state.statuses[change.id];
            delete state.readings[change.id];
            break;
          case "availability": {
            const status = state.statuses[change.id];
            if (status !== undefined)
              state.statuses[change.id] = { ...status, availability: change.availability };
            break;
          }
          case "alerts": {
            const status = state.statuses[change.id];
            if (status !== undefined) state.statuses[change.id] = { ...status, alerts: change.alerts };
            break;
          }
          case "reading": {
            const readings = state.readings[change.id];
            if (readings === undefined) break;
            // Taken in this very batch: what is frozen already is no draft.
            if (Object.isFrozen(readings))
              state.readings[change.id] = { ...readings, [change.property]: change.view };
            else readings[change.property] = change.view;
            break;
          }
        }
      }
    });
  },
});

/**
 * Both parts come frozen, because the store freezes what it is given all the way down, and stops at what is frozen
 * already: with 1,000 Things that walk takes longer than a frame.
 */
function take(state: ThingsState, view: ThingView): void {
  const { id } = view.thing;
  state.descriptions[id] = Object.freeze(view.thing);
  const { alerts, area, availability, links, problem, settings, source } = view;
  state.statuses[id] = { alerts, area, availability, links, problem, settings, source };
  state.readings[id] = Object.freeze(view.properties);
}
