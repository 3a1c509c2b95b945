import { expect, test } from "vitest";
import { i18nFor } from "../i18n/i18n.ts";
import { propertyOf } from "../live/snapshot.fixture.ts";
import { guardText } from "./guard-note.tsx";

const NOW = Date.parse("2026-03-01T08:00:00Z");
const LATER = "2026-03-01T08:20:00.000Z";
const english = i18nFor("en", "UTC");

test.each([
  [{ stopsAt: LATER }, "stops at 08:20 at the latest"],
  [{ restsUntil: LATER }, "rests until 08:20"],
  [{ heldUntil: LATER, heldBy: "api:ann" }, "set by ann: rules keep off until 08:20"],
  [{ heldUntil: LATER, heldBy: "device" }, "set at the device: rules keep off until 08:20"],
  [
    { stopsAt: LATER, heldUntil: LATER, heldBy: "api:ann" },
    "stops at 08:20 at the latest · set by ann: rules keep off until 08:20",
  ],
  [{}, ""],
])("%o is said", (view, text) => {
  expect(guardText(propertyOf(true, view), NOW, english)).toBe(text);
});

test("what is over is not said any more", () => {
  const view = propertyOf(true, { stopsAt: LATER, restsUntil: LATER, heldUntil: LATER, heldBy: "device" });
  expect(guardText(view, Date.parse(LATER), english)).toBe("");
});
