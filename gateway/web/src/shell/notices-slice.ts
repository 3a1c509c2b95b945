import { createSlice, type PayloadAction } from "@reduxjs/toolkit";
import type { NotificationView } from "@tram/protocol";
import { changesReceived } from "../live/actions.ts";

/** A notification of a rule, until somebody dismisses it. */
export interface Notice extends NotificationView {
  readonly key: number;
}

interface NoticesState {
  lastKey: number;
  list: Notice[];
}

/** More than this nobody reads. */
export const MAX_NOTICES = 50;

const initialState: NoticesState = { lastKey: 0, list: [] };

export const noticesSlice = createSlice({
  name: "notices",
  initialState,
  reducers: {
    noticeDismissed(state, { payload: key }: PayloadAction<number>) {
      state.list = state.list.filter((notice) => notice.key !== key);
    },
    allNoticesDismissed(state) {
      state.list = [];
    },
  },
  extraReducers: (builder) => {
    builder.addCase(changesReceived, (state, { payload }) => {
      for (const change of payload) {
        if (change.kind !== "notification") continue;
        state.lastKey += 1;
        state.list.push({ ...change.notification, key: state.lastKey });
      }
      // The least urgent and oldest go first.
      if (state.list.length > MAX_NOTICES) state.list = byUrgency(state.list).slice(0, MAX_NOTICES);
    });
  },
});

const URGENCY: Readonly<Record<Notice["level"], number>> = { alarm: 0, warning: 1, info: 2 };

/** The notices in the order in which they are shown: alarms first, so that nothing pushes them out of sight. */
export function byUrgency(list: readonly Notice[]): Notice[] {
  return list.toSorted((a, b) => URGENCY[a.level] - URGENCY[b.level] || b.key - a.key);
}

export const { noticeDismissed, allNoticesDismissed } = noticesSlice.actions;
