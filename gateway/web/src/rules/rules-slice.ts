import { createSlice } from "@reduxjs/toolkit";
import type { RuleView } from "@tram/protocol";
import { changesReceived, snapshotReceived } from "../live/actions.ts";

type RulesState = Record<string, RuleView>;

const initialState: RulesState = {};

export const rulesSlice = createSlice({
  name: "rules",
  initialState,
  reducers: {},
  extraReducers: (builder) => {
    builder.addCase(snapshotReceived, (_state, { payload }) =>
      Object.fromEntries(payload.rules.map((rule) => [rule.id, rule])),
    );
    builder.addCase(changesReceived, (state, { payload }) => {
      for (const change of payload) {
        if (change.kind === "rule") state[change.rule.id] = change.rule;
        else if (change.kind === "rule-removed") delete state[change.id];
      }
    });
  },
});
