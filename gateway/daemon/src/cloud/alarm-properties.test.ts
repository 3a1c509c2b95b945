import { expect, test } from "vitest";
import { isAlarm } from "./alarm-properties.ts";

test.each([
  ["smoke", "smoke/detected", true],
  ["smoke", "smoke/co-detected", true],
  ["leak", "leak/detected", true],
  ["contact", "contact/tamper", true],
  ["motion", "motion/tamper", true],
  ["contact", "contact/open", false],
  ["smoke", "battery/level", false],
  ["nobodys", "smoke/detected", false],
  [undefined, "smoke/detected", false],
])("%s %s warns: %s", (model, property, warns) => {
  expect(isAlarm(model, property)).toBe(warns);
});
