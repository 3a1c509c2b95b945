import type { Change } from "@tram/protocol";
import { expect, it } from "vitest";
import { changesReceived } from "../live/actions.ts";
import { TIME } from "../live/snapshot.fixture.ts";
import {
  allNoticesDismissed,
  byUrgency,
  MAX_NOTICES,
  type Notice,
  noticeDismissed,
  noticesSlice,
} from "./notices-slice.ts";

const reduce = noticesSlice.reducer;
const notify = (text: string, level: Notice["level"] = "info"): Change => ({
  kind: "notification",
  notification: { time: TIME, rule: "r", level, text },
});

it("keeps notices until they are dismissed", () => {
  const state = reduce(undefined, changesReceived([notify("a"), notify("b")]));
  const [first] = state.list;
  expect(byUrgency(state.list).map(({ text }) => text)).toEqual(["b", "a"]);
  const rest = reduce(state, noticeDismissed(first?.key ?? -1));
  expect(rest.list.map(({ text }) => text)).toEqual(["b"]);
  expect(reduce(rest, allNoticesDismissed()).list).toEqual([]);
});

it("never lets information push an alarm out", () => {
  const flood = Array.from({ length: MAX_NOTICES + 20 }, (_, index) => notify(`info ${index}`));
  const state = reduce(undefined, changesReceived([notify("fire", "alarm"), ...flood]));
  expect(state.list).toHaveLength(MAX_NOTICES);
  expect(byUrgency(state.list)[0]?.text).toBe("fire");
  expect(byUrgency(state.list)[1]?.text).toBe(`info ${MAX_NOTICES + 19}`);
});
