import { expect, it } from "vitest";
import { createInstantFormat } from "./instant.ts";

const now = Date.parse("2026-03-01T18:00:00Z");

it("writes the time of day in the gateway's time zone, with the date on another day", () => {
  const vn = createInstantFormat("en", "Asia/Ho_Chi_Minh");
  expect(vn.short("2026-03-01T17:03:00Z", now)).toBe("00:03");
  expect(vn.short("2026-03-01T16:59:00Z", now)).toBe("Mar 1, 23:59");
  expect(vn.full("2026-03-01T17:03:04Z")).toContain("00:03:04");
});

it("does without a zone that this browser does not know, and without a time that is none", () => {
  const format = createInstantFormat("vi", "Mars/Olympus");
  expect(format.short("soon", now)).toBe("soon");
  expect(format.full("soon")).toBe("soon");
  expect(format.full("2026-03-01T17:03:04Z")).toContain("03:04");
});
