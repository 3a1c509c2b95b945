import { expect, it } from "vitest";
import { Calendar } from "./calendar.ts";

it("knows the day and the end of the month where the house stands, over daylight saving too", () => {
  const saigon = new Calendar("Asia/Ho_Chi_Minh");
  expect(saigon.day(Date.UTC(2026, 0, 31, 16, 59, 59))).toBe("2026-01-31");
  expect(saigon.day(Date.UTC(2026, 0, 31, 17))).toBe("2026-02-01");
  expect(saigon.monthEnd(Date.UTC(2026, 0, 10))).toBe(Date.UTC(2026, 0, 31, 17));
  // March begins in winter time and ends in summer time.
  const berlin = new Calendar("Europe/Berlin");
  expect(berlin.monthEnd(Date.UTC(2026, 2, 1))).toBe(Date.UTC(2026, 2, 31, 22));
  expect(berlin.monthEnd(Date.UTC(2024, 1, 29, 22, 59))).toBe(Date.UTC(2024, 1, 29, 23));
});
