import type { BridgeView } from "@tram/protocol";
import { expect, test } from "vitest";
import { createTranslator } from "../i18n/translator.ts";
import { countsText, dropsTexts, wrongText } from "./bridge-words.ts";
import "./cloud-texts.ts";

const of = (lastErrorCode?: string) => ({ lastErrorCode }) as BridgeView;

test.each([
  ["en", "The network asks to sign in before it lets anything through."],
  ["vi", "Mạng yêu cầu đăng nhập trước khi cho bất cứ thứ gì đi qua."],
] as const)("%s: a kind of error that is known is told in the page's language", (language, text) => {
  const t = createTranslator(language);
  expect(wrongText(of("portal"), t)).toBe(text);
  expect([wrongText(of("brand-new"), t), wrongText(of("toString"), t), wrongText(of(), t)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("counts and drops say what they are of, and leave out what there is none of", () => {
  const t = createTranslator("en");
  expect(countsText({ alarm: 2, reply: 0, telemetry: 1_204, later: 1 }, t)).toBe(
    "Alarms 2, Readings 1,204, later 1",
  );
  expect(dropsTexts({ telemetry: { quota: 4, expired: 1 }, state: { odd: 2 } }, t)).toEqual([
    "Readings: 4 no room, 1 too old",
    "States: 2 odd",
  ]);
});
