import { expect, it } from "vitest";
import { proposeId, rulePath } from "./rule-id.ts";

it("makes an id of a title, and another one when it is taken", () => {
  const free = () => false;
  expect(proposeId("Quạt chạy khi trời NÓNG, đủ 2 phút!", free)).toBe("quat-chay-khi-troi-nong-du-2-phut");
  expect(proposeId("???", free)).toBe("rule");
  expect(proposeId("x".repeat(90), free)).toHaveLength(56);
  expect(proposeId("Fan", (id) => ["fan", "fan-2"].includes(id))).toBe("fan-3");
  expect(proposeId("New", free)).toBe("new-2");
});

it("leads to the rule, whatever its id", () => {
  expect(rulePath("fan")).toBe("/rules/fan");
  expect(rulePath("new")).toBe("/rules/id/new");
});
