import { AssertionError } from "node:assert/strict";
import { describe, expect, test } from "vitest";
import { moduleConformance } from "./conformance.ts";
import { BROKEN } from "./fixtures/broken-modules.ts";
import { LAMP_OPTIONS, lampModule } from "./fixtures/lamp-module.ts";
import { RULE_IDS } from "./quality.ts";

describe("the conformance kit", () => {
  for (const check of moduleConformance(lampModule(), LAMP_OPTIONS)) {
    test(`accepts a good module: ${check.rule}`, check.run);
  }

  for (const { rule, what, module, says, options } of BROKEN) {
    test(`${rule} catches ${what}`, async () => {
      const checks = moduleConformance(module, { ...LAMP_OPTIONS, ...options });
      const failure: unknown = await checks
        .find((check) => check.rule === rule)
        ?.run()
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      expect(failure).toBeInstanceOf(AssertionError);
      expect((failure as AssertionError).message).toMatch(says);
    });
  }

  test("has a broken module for each rule", () => {
    expect(new Set(BROKEN.map(({ rule }) => rule))).toEqual(new Set(RULE_IDS));
  });

  test("puts everything back that it replaces for a while", async () => {
    const before = [globalThis.setTimeout, globalThis.Date, Date.now, performance.now, setImmediate];
    const listeners = process.listeners("unhandledRejection");
    for (const check of moduleConformance(lampModule(), LAMP_OPTIONS)) await check.run();
    expect([globalThis.setTimeout, globalThis.Date, Date.now, performance.now, setImmediate]).toEqual(before);
    expect(process.listeners("unhandledRejection")).toEqual(listeners);
  });
});
