import { expect, test } from "vitest";
import { backupProblem } from "./backup-check.ts";

test("a passphrase is long enough, and typed twice", () => {
  expect(backupProblem("elevenchars", "elevenchars")).toBe("short");
  expect(backupProblem("🐃".repeat(11), "🐃".repeat(11))).toBe("short");
  expect(backupProblem("twelve chars", "twelve chars!")).toBe("different");
  expect(backupProblem("twelve chars", "twelve chars")).toBeUndefined();
});
