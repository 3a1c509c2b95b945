import { expect, it } from "vitest";
import { createTranslator } from "../i18n/translator.ts";
import { failureText } from "./failure-text.ts";

const t = createTranslator("vi");

it("says it in the language, with the gateway's words only where they tell more", () => {
  expect(failureText("timeout", "the device did not report in time", t)).toEqual({
    text: "thiết bị không xác nhận kịp thời",
  });
  expect(failureText("invalid-value", "expected at most 30", t)).toEqual({
    text: "giá trị không được phép",
    detail: "expected at most 30",
  });
});

it("shows the words of a reason that it does not know", () => {
  expect(failureText("toString", "strange", t)).toEqual({ text: "gateway từ chối", detail: "strange" });
});
