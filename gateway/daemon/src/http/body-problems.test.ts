import { NEW_CLOUD_FORMS, NewCloud } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import { expect, it } from "vitest";
import { bodyProblems } from "./body-problems.ts";

const FORMS = { forms: { by: "provider", of: NEW_CLOUD_FORMS } };
const problems = (body: object) =>
  bodyProblems(FORMS, Compile(NewCloud), body as never).map(({ path, problem }) => `${path}: ${problem}`);

it("tells what is wrong with the form that was meant, and of no other", () => {
  expect(problems({ id: "ibm", provider: "bluemix", host: "h", org: "o", gateway: "g" })).toEqual([
    "gatewayType: is missing",
    "token: is missing",
    "gateway: unknown key",
  ]);
  expect(problems({ id: "up", provider: "mqtt", endpoint: "h" })).toEqual([
    "url: is missing",
    "endpoint: unknown key",
  ]);
});

it.each([{ id: "up", provider: "azure" }, { id: "up", provider: "constructor" }, { id: "up" }])(
  "of a form that nobody knows it tells that alone: %j",
  (body) => {
    expect(problems(body)).toEqual([
      expect.stringMatching(/^provider: (?:expected one of aws-iot|is missing)/),
    ]);
  },
);

it("shows no secret", () => {
  const token = "planted-secret".repeat(400);
  const body = { id: "up", provider: "bluemix", host: "h", org: "o", gatewayType: "t", token, key: 5 };
  const told = problems({ ...body, claim: { key: "planted-secret" } });
  expect(told).toContain("token: expected at most 4096 characters, found something else");
  expect(told.join()).not.toContain("planted");
});
