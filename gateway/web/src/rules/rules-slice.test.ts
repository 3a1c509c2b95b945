import type { RuleView } from "@tram/protocol";
import { expect, it } from "vitest";
import { changesReceived, snapshotReceived } from "../live/actions.ts";
import { snapshotOf } from "../live/snapshot.fixture.ts";
import { rulesSlice } from "./rules-slice.ts";

const rule = (id: string, running = 0): RuleView => ({
  id,
  file: "a.yaml",
  status: "active",
  problems: [],
  warnings: [],
  editable: true,
  running,
});

it("follows rules as they come, change and go", () => {
  const reduce = rulesSlice.reducer;
  let state = reduce(undefined, snapshotReceived(snapshotOf({ rules: [rule("a"), rule("b")] })));
  state = reduce(
    state,
    changesReceived([
      { kind: "rule", rule: rule("a", 2) },
      { kind: "rule", rule: rule("c") },
      { kind: "rule-removed", id: "b" },
    ]),
  );
  expect(Object.keys(state)).toEqual(["a", "c"]);
  expect(state.a?.running).toBe(2);
  state = reduce(state, snapshotReceived(snapshotOf({ rules: [rule("z")] })));
  expect(Object.keys(state)).toEqual(["z"]);
});
