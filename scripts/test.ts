import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { stripVTControlCharacters } from "node:util";

/**
 * Runs every check and every test, one after the other, and ends with the true sums. A check counts as one test; a
 * suite counts its own. All of them run even when one fails, so that one run tells everything.
 */
interface Tally {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly seconds: number;
  /** What is red: file, test, reason. Told again at the end, where a long log is read first. */
  readonly red: readonly string[];
}

const root = new URL("..", import.meta.url).pathname;
/** Of a failure, in the summary at the end. In characters. */
const MOST_OF_A_REASON = 4_000;
const reports = mkdtempSync(join(tmpdir(), "tram-reports-"));
const tallies: Tally[] = [];

function run(name: string, command: readonly string[]): { ok: boolean; seconds: number } {
  console.log(`\n── ${name}: ${command.join(" ")}`);
  const startedAt = performance.now();
  const [program = "", ...args] = command;
  const { status } = spawnSync(program, args, { cwd: root, stdio: "inherit" });
  return { ok: status === 0, seconds: (performance.now() - startedAt) / 1_000 };
}

function check(name: string, command: readonly string[]): boolean {
  const { ok, seconds } = run(name, command);
  tallies.push({ name, passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, seconds, red: [] });
  return ok;
}

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

function redOf(report: VitestReport): string[] {
  return report.testResults.flatMap(({ name, status, message, assertionResults }) => {
    const file = relative(root, name);
    const tests = assertionResults.filter((test) => test.status === "failed");
    if (tests.length === 0) return status === "failed" ? [`${file}: ${reasonOf(message)}`] : [];
    return tests.map((test) => `${file}: ${test.fullName}: ${reasonOf(test.failureMessages[0] ?? "")}`);
  });
}

/** What a test says of its failure, without the places in the code: a browser's tells there what it waited for. */
function reasonOf(text: string): string {
  const [said = ""] = stripVTControlCharacters(text).split(/\n\s+at /, 1);
  return said.replace(/\s+/g, " ").trim().slice(0, MOST_OF_A_REASON);
}

function suite(name: string, args: readonly string[]): void {
  const file = join(reports, `${name}.json`);
  const command = [
    "vitest",
    "run",
    ...args,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
  ];
  const { ok, seconds } = run(name, command);
  let report: VitestReport | undefined;
  try {
    report = JSON.parse(readFileSync(file, "utf8")) as VitestReport;
  } catch (error) {
    console.error(`${name}: no report: ${String(error)}`);
  }
  const failed = report?.numFailedTests ?? 0;
  tallies.push({
    name,
    passed: report?.numPassedTests ?? 0,
    // A file that does not even load, or an error outside of any test, is a failure too.
    failed: failed === 0 && !ok ? 1 : failed,
    skipped: report?.numPendingTests ?? 0,
    seconds,
    red: report === undefined ? [] : redOf(report),
  });
}

const built = check("build", ["tsc", "-b"]) && check("web build", ["node", "scripts/build-web.ts"]);
check("lint", ["biome", "ci", "--error-on-warnings", "."]);
check("LuCI lint", ["eslint", "--max-warnings=0", "packages-openwrt/luci-app-tram/htdocs"]);
check("types of tests", ["tsc", "-p", "tsconfig.tests.json"]);
check("types of the web UI", ["tsc", "-p", "gateway/web/tsconfig.json"]);
check("dependency rules", ["node", "scripts/check-dependencies.ts"]);
check("unused code", ["knip"]);
if (built) {
  check("generated files", ["node", "scripts/generate.ts", "--check"]);
  check("reproducible packages", ["node", "scripts/package/reproduce.ts"]);
  suite("unit", []);
  suite("e2e", ["--config", "vitest.e2e.config.ts"]);
}
rmSync(reports, { recursive: true, force: true });

const total = (key: "passed" | "failed" | "skipped" | "seconds"): number =>
  tallies.reduce((sum, tally) => sum + tally[key], 0);
console.log();
for (const { name, passed, failed, skipped, seconds, red } of tallies) {
  const more = skipped === 0 ? "" : `, ${skipped} skipped`;
  console.log(
    `${failed === 0 ? "ok  " : "FAIL"} ${name}: ${passed} passed, ${failed} failed${more} (${seconds.toFixed(0)} s)`,
  );
  for (const line of red) console.log(`     ${line}`);
}
const skippedInCi = process.env.CI === "true" && total("skipped") > 0;
if (skippedInCi) console.log("FAIL skipped tests are failures in CI");
const failed = total("failed") + (skippedInCi ? total("skipped") : 0);
console.log(`${total("passed")} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
