import { X509Certificate } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Issued, TestAuthority } from "../testing/test-authority.ts";
import { ownCertificateProblem } from "./own-certificate.ts";

let authority: TestAuthority;
let ours: Issued;
let others: Issued;
beforeAll(() => {
  authority = new TestAuthority();
  ours = authority.issue("ours");
  others = authority.issue("others");
});
afterAll(() => authority[Symbol.dispose]());

const identity = () => ({ cert: ours.certificate, key: ours.key });
const bounds = () => {
  const { validFrom, validTo } = new X509Certificate(ours.certificate);
  return { from: Date.parse(validFrom), to: Date.parse(validTo) };
};

it("has nothing to say of one that is good, or of none", () => {
  expect(ownCertificateProblem(identity(), bounds().from + 1_000, "synced")).toBeUndefined();
  expect(ownCertificateProblem({}, 0, "synced")).toBeUndefined();
});

it("tells that the key is another's, or that there is none in it", () => {
  expect(ownCertificateProblem({ ...identity(), key: others.key }, bounds().from, "synced")).toEqual({
    code: "own-pair",
    said: expect.stringMatching(/not that of our certificate/),
    advice: expect.not.stringMatching(/clock/),
  });
  expect(ownCertificateProblem({ cert: "x", key: "y" }, 0, "synced")?.said).toMatch(/no PEM/);
});

it("judges its time by a clock that is set, and by no other", () => {
  const { from, to } = bounds();
  expect(ownCertificateProblem(identity(), to + 1_000, "synced")?.said).toMatch(/ended on/);
  expect(ownCertificateProblem(identity(), from - 1_000, "synced")?.said).toMatch(/begins on/);
  expect(ownCertificateProblem(identity(), to + 1_000, "untrusted")).toBeUndefined();
});
