import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { viAdvice } from "../i18n/messages/vi-cloud-advice.ts";
import { createTranslator } from "../i18n/translator.ts";
import { adviceOf, type CheckStep, failureText, type ShownStep, shownSteps, telling } from "./check-words.ts";
import "./cloud-texts.ts";

const STEPS: CheckStep[] = [
  { step: "configuration", outcome: "ok", said: "it is complete" },
  { step: "clock", outcome: "unsure", said: "nobody has set it", advice: "Let NTP set it." },
  { step: "name", outcome: "skipped", said: "127.0.0.1 is an address" },
  { step: "tcp", outcome: "ok", said: "it takes connections" },
  { step: "tls", outcome: "failed", said: "it is for x", code: "tls-host", advice: "Look at the spelling." },
  { step: "mqtt", outcome: "skipped", said: "not tried: tls has failed" },
];

describe("the steps of a check", () => {
  it("are seven, whatever is known of them", () => {
    const waiting = (count: number): string[] => Array(count).fill("waiting");
    expect(shownSteps([], true).map(({ outcome }) => outcome)).toEqual(["running", ...waiting(6)]);
    const begun = shownSteps(STEPS.slice(0, 2), true).map(({ outcome }) => outcome);
    expect(begun).toEqual(["ok", "unsure", "running", ...waiting(4)]);
    expect(
      shownSteps(STEPS, false).map(({ outcome, said }) =>
        said === undefined ? outcome : `${outcome}: ${said}`,
      ),
    ).toEqual([
      "ok: it is complete",
      "unsure: nobody has set it",
      "skipped: 127.0.0.1 is an address",
      "ok: it takes connections",
      "failed: it is for x",
      "untried",
      "untried",
    ]);
  });

  it("are told by the one that has failed, before one that is not certain", () => {
    expect(telling(shownSteps(STEPS, false))?.step).toBe("tls");
    expect(telling(shownSteps(STEPS.slice(0, 4), false))?.step).toBe("clock");
    expect(telling(shownSteps(STEPS.slice(0, 1), false))).toBeUndefined();
  });

  it("say what went wrong in the page's language", () => {
    const [, , , , tls] = shownSteps(STEPS, false) as [never, never, never, never, ShownStep];
    expect(failureText(tls, createTranslator("vi"))).toBe("Chứng chỉ ở đó là của tên khác. Chưa gửi gì cả.");
    expect(failureText({ ...tls, code: "refused" }, createTranslator("en"))).toContain("does not want");
    const publish = { ...tls, step: "publish", code: "refused" } as const;
    expect(failureText(publish, createTranslator("en"))).toBe("The cloud does not take the message.");
    expect(failureText({ ...tls, outcome: "ok" }, createTranslator("en"))).toBeUndefined();
  });
});

describe("the advice", () => {
  const failed = (step: ShownStep["step"], code: string): ShownStep => ({
    step,
    outcome: "failed",
    code,
    advice: "Do something.",
  });
  const inVietnamese = (step: ShownStep, provider: string) => adviceOf(step, provider, "vi")?.text;

  it("is the gateway's in English, and the page's in Vietnamese where it knows the code", () => {
    const dns = failed("name", "dns");
    expect(adviceOf(dns, "mqtt", "en")).toEqual({ text: "Do something.", lang: undefined });
    expect(adviceOf(dns, "mqtt", "vi")).toEqual({ text: viAdvice.dns, lang: undefined });
    for (const code of ["brand-new", "toString", "portal"]) {
      expect(adviceOf(failed("tls", code), "mqtt", "vi")).toEqual({ text: "Do something.", lang: "en" });
    }
    expect(adviceOf({ step: "tcp", outcome: "failed" }, "mqtt", "vi")).toBeUndefined();
  });

  it("is chosen as the gateway chooses: by the cloud, by the step, by the code", () => {
    expect(inVietnamese(failed("mqtt", "credentials"), "aws-iot")).toBe(viAdvice["aws-iot credentials"]);
    expect(inVietnamese(failed("mqtt", "credentials"), "mqtt")).toBe(viAdvice.credentials);
    expect(inVietnamese(failed("publish", "refused"), "aws-iot")).toBe(viAdvice["aws-iot at publish"]);
    expect(inVietnamese(failed("publish", "refused"), "mqtt")).toBe(viAdvice["at publish"]);
    expect(inVietnamese(failed("mqtt", "timeout"), "mqtt")).toBe(viAdvice["timeout at mqtt"]);
    expect(inVietnamese(failed("tcp", "timeout"), "mqtt")).toBe(viAdvice.timeout);
    expect(inVietnamese(failed("tls", "tls"), "aws-iot")).toBe(viAdvice.tls);
  });

  it("is known in Vietnamese for each code of which the gateway has some", () => {
    const advice = new URL("../../../../cloud-bridge/src/check/advice.ts", import.meta.url);
    const source = readFileSync(advice, "utf8");
    const [general = "", ofAws = ""] = source.split("/** Of AWS IoT");
    const codes = (text: string) => [...text.matchAll(/^ {2}"?([a-z-]+)"?:/gm)].map(([, code = ""]) => code);
    expect(codes(general).length).toBeGreaterThan(10);
    expect(codes(general).filter((code) => !Object.hasOwn(viAdvice, code))).toEqual([]);
    const check = readFileSync(new URL("own-certificate.ts", advice), "utf8");
    const ours = [...check.matchAll(/code: "([a-z-]+)"/g)].map(([, code = ""]) => code);
    expect(ours).toHaveLength(3);
    expect(ours.filter((code) => !Object.hasOwn(viAdvice, code))).toEqual([]);
    const own = codes(ofAws.slice(0, ofAws.indexOf("};"))).map((code) => `aws-iot ${code}`);
    expect(own.length).toBeGreaterThan(3);
    expect(own.filter((key) => !Object.hasOwn(viAdvice, key))).toEqual([]);
  });
});
