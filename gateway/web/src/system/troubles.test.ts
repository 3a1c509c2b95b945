import { expect, test } from "vitest";
import { createTranslator } from "../i18n/translator.ts";
import { GATEWAY } from "../live/snapshot.fixture.ts";
import { troubles } from "./troubles.ts";

const STORE = { code: "store", where: "/srv/tram", problem: "the disk is full: …" };

test.each([
  ["en", "full", /^The disk is full: .*Free some space/],
  ["en", "read-only", /^The data folder cannot be written: /],
  ["en", "io", /^The data folder cannot be used: /],
  ["vi", "full", /^Ổ lưu trữ đã đầy: /],
  ["vi", "read-only", /^Không ghi được vào thư mục dữ liệu: /],
  ["vi", undefined, /^Không dùng được thư mục dữ liệu: /],
] as const)("%s: a store that is %s says what goes on, and what to do", (language, storeCode, expected) => {
  const gateway = {
    ...GATEWAY,
    store: "failing" as const,
    problems: [STORE],
    ...(storeCode && { storeCode }),
  };
  const [trouble] = troubles(gateway, createTranslator(language));
  expect(trouble).toMatchObject(STORE);
  expect(trouble?.summary).toMatch(expected);
});

test.each(["en", "vi"] as const)(
  "%s: a clock that is not set, a journal without a disk, a certificate that ends; other problems stay as the gateway wrote them",
  (language) => {
    const clock = { code: "clock", where: "gateway.clock", problem: "…" };
    const config = { code: "config", where: "tram.yaml", problem: "unknown key" };
    const events = { code: "events", where: "data/events", problem: "ENOSPC" };
    const ending = { code: "certificate-ending", where: "cloud.up", problem: "…" };
    const problems = [clock, config, events, ending];
    const list = troubles({ ...GATEWAY, problems }, createTranslator(language));
    expect(list.map(({ summary }) => summary === undefined)).toEqual([false, true, false, false]);
  },
);
