import { expect, it } from "vitest";
import { checkSetup, fieldsOf } from "./setup-check.ts";

const good = { code: "ABCD-1234", username: "admin", password: "0123456789" };

it.each([
  [good, []],
  [{ ...good, code: " " }, ["code"]],
  [{ ...good, username: "Nguyễn An" }, ["username"]],
  [{ ...good, username: "" }, ["username"]],
  [{ ...good, password: "012345678" }, ["password"]],
  [{ code: "", username: "", password: "" }, ["code", "username", "password"]],
])("%j", (request, wrong) => {
  expect(checkSetup(request)).toEqual(wrong);
});

it("finds the fields that the gateway names", () => {
  const errors = [
    { path: "/password", problem: "too short" },
    { path: "body.code", problem: "?" },
    { path: "/other", problem: "?" },
  ];
  expect(fieldsOf({ status: 422, code: "invalid", errors })).toEqual(["code", "password"]);
});
