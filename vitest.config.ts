import { defineConfig } from "vitest/config";

/** Unit and contract tests run on the sources (condition `source`); whole-gateway tests run on the built product. */
export default defineConfig({
  ssr: { resolve: { conditions: ["source", "node", "import", "module", "default"] } },
  resolve: { conditions: ["source", "node", "import", "module", "default"] },
  test: {
    exclude: ["**/dist/**", "**/node_modules/**", "e2e/**"],
    testTimeout: 20_000,
    // Real sockets and processes, on machines that do other things too.
    expect: { poll: { timeout: 5_000 } },
    pool: "forks",
  },
});
