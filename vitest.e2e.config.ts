import { defineConfig } from "vitest/config";

/** Whole-gateway tests: real processes of the built product, one file after the other. */
export default defineConfig({
  test: {
    include: ["e2e/**/*.test.ts"],
    exclude: ["**/node_modules/**"],
    testTimeout: 90_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
    fileParallelism: false,
    pool: "forks",
  },
});
