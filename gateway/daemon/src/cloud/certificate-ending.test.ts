import { expect, it } from "vitest";
import { endingProblem } from "./certificate-ending.ts";

const END = Date.UTC(2027, 0, 31, 12);

it.each([
  [
    "file",
    END - 1,
    /cloud up ends on 2027-01-31, .* put a new one into its file, and start the gateway again$/,
  ],
  ["added", END, /cloud up has ended on 2027-01-31, .* tram cloud renew up --cert FILE --key FILE$/],
] as const)("a certificate of a cloud that is %s says what to do", (source, now, words) => {
  expect(endingProblem({ id: "up", source, near: 0, end: END }, now)).toEqual({
    code: "certificate-ending",
    where: "cloud.up",
    problem: expect.stringMatching(words),
  });
});
