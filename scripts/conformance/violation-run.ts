import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Violation } from "./violation.ts";

const SOURCES = "gateway/broker/src";
const TESTS = `${SOURCES}/conformance`;
/** Of one run; a broken engine may wait for ever. */
const PATIENCE_MS = 300_000;
/** How long a client of the tests waits for a packet, and how long it does here, where many never come. */
const CLIENT_PATIENCE = ["const PATIENCE_MS = 5_000;", "const PATIENCE_MS = 1_000;"] as const;

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly title: string; readonly status: string }[];
  }[];
}

/** A copy of the broker's sources, broken and mended again. */
export class Workshop implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "tram-violations-"));

  constructor(root: string) {
    for (const name of [
      "package.json",
      "tsconfig.base.json",
      "vitest.config.ts",
      SOURCES,
      "gateway/broker/package.json",
    ]) {
      cpSync(join(root, name), join(this.#folder, name), { recursive: true });
    }
    symlinkSync(join(root, "node_modules"), join(this.#folder, "node_modules"));
    mkdirSync(join(this.#folder, "reports"));
    this.#edit("testing/raw-client.ts", ...CLIENT_PATIENCE);
  }

  /** @returns the rows that are red when the engine is broken so: `5.0 3.1.2-4`. */
  redRows(violation: Violation): ReadonlySet<string> {
    const { file, find, put } = violation;
    const before = this.#edit(file, find, put);
    try {
      return this.redNow();
    } finally {
      writeFileSync(this.#path(file), before);
    }
  }

  /** @returns the rows that are red as the engine is. */
  redNow(): ReadonlySet<string> {
    const report = join(this.#folder, "reports/report.json");
    rmSync(report, { force: true });
    const args = ["run", TESTS, "--exclude=**/catalogue.test.ts", "--isolate=false", "--pool=threads"];
    const options = { cwd: this.#folder, timeout: PATIENCE_MS, encoding: "utf8" } as const;
    const run = spawnSync("vitest", [...args, "--reporter=json", `--outputFile=${report}`], options);
    const { testResults } = JSON.parse(readFileSync(report, "utf8")) as Report;
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    if (results.length === 0) throw new Error(`no test was run:\n${run.stdout}${run.stderr}`);
    return new Set(results.filter(({ status }) => status === "failed").flatMap(({ title }) => rowsOf(title)));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #path(file: string): string {
    return join(this.#folder, SOURCES, file);
  }

  /** @returns what was there before. */
  #edit(file: string, find: string, put: string): string {
    const before = readFileSync(this.#path(file), "utf8");
    if (before.split(find).length !== 2) throw new Error(`${file}: ${find} is not there once`);
    writeFileSync(
      this.#path(file),
      before.replace(find, () => put),
    );
    return before;
  }
}

/** `5.0 [MQTT-3.1.2-4] [MQTT-3.1.4-4] a clean start …` has two rows. */
function rowsOf(title: string): string[] {
  const [, version = "", numbers = ""] = /^(\S+) ((?:\[MQTT-[^\]]+\] )+)/.exec(title) ?? [];
  return [...numbers.matchAll(/\[MQTT-([^\]]+)\]/g)].map(([, number]) => `${version} ${number}`);
}
