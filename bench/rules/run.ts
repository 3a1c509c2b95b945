import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { bundleDaemon } from "../../scripts/bundle.ts";
import { endAll } from "../child-processes.ts";
import { describeMachine } from "../machine.ts";
import { table } from "../markdown-table.ts";
import { removeTemporaryFolders } from "../temporary-folder.ts";
import { compareEngines } from "./engines.ts";
import { measureScale } from "./scale.ts";

/**
 * The rule engine alone, and beside Node-RED over the same mosquitto. Environment: `QUICK=1` for a short run that only
 * shows that it works; the document is left alone then. `ONLY`: `scale` or `engines`. `ROUNDS` of the comparison (3).
 */
const { ONLY = "", QUICK, ROUNDS = "3" } = process.env;
const quick = QUICK === "1";

if (globalThis.gc === undefined) {
  // The heap of idle rules can only be told apart from garbage when that can be collected.
  const again = spawnSync(process.execPath, ["--expose-gc", ...process.argv.slice(1)], { stdio: "inherit" });
  process.exit(again.status ?? 1);
}
process.on("exit", () => {
  endAll();
  removeTemporaryFolders();
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));

const parts: string[] = [];
const versions: string[] = [];

if (ONLY !== "engines") {
  const scale = measureScale(quick ? 3 : 15, quick ? 5_000 : 50_000);
  const [few = 0, many = 0] = scale.costUs.values();
  const met = (good: boolean): string => (good ? "met" : "missed");
  parts.push(
    table(
      ["", "Tram", "Target"],
      [
        ["a reading that one rule watches, beside 100 others, µs", few.toFixed(1), ""],
        ["the same beside 10,000 others, µs", many.toFixed(1), ""],
        ["ratio, median of the rounds", scale.ratio.toFixed(2), `≤ 1.2 ${met(scale.ratio <= 1.2)}`],
        [
          "evaluations a second",
          Math.round(scale.evaluationsPerSecond).toLocaleString("en"),
          `≥ 50,000 ${met(scale.evaluationsPerSecond >= 50_000)}`,
        ],
        [
          "firings a second, each with two conditions, an expression, a command and a delay that ends",
          Math.round(scale.firingsPerSecond).toLocaleString("en"),
          "",
        ],
        [
          "memory of an idle rule, text and state included, bytes",
          Math.round(scale.bytesPerRule).toLocaleString("en"),
          `≤ 4,096 ${met(scale.bytesPerRule <= 4_096)}`,
        ],
        [
          "reading 1,000 rules from YAML, ms",
          Math.round(scale.compileMsPerThousand).toLocaleString("en"),
          "",
        ],
      ],
    ),
  );
  console.log(`\n${parts.at(-1)}\n`);
}
if (ONLY !== "scale") {
  await bundleDaemon();
  const compared = await compareEngines(quick ? 1 : Number(ROUNDS), quick ? 2_000 : 8_000);
  if (typeof compared === "string") parts.push(`No comparison with Node-RED: ${compared}.`);
  else {
    versions.push(...compared.versions);
    const [tram, peer] = compared.engines;
    const rows = (tram?.rows ?? []).map((own, index) => {
      const other = peer?.rows[index];
      const both = (pick: (row: typeof own) => number, digits: number): string =>
        `${pick(own).toFixed(digits)} / ${other === undefined ? "—" : pick(other).toFixed(digits)}`;
      return [
        String(own.perSecond),
        both(({ p50 }) => p50, 2),
        both(({ p99 }) => p99, 2),
        both(({ answered }) => answered * 100, 1),
        both(({ cpuMsPerThousand }) => cpuMsPerThousand, 0),
        both(({ rssMb }) => rssMb, 0),
        both(({ pssMb }) => pssMb, 0),
      ];
    });
    const heads = [
      "readings/s",
      "p50, ms",
      "p99, ms",
      "answered, %",
      "CPU per 1,000, ms",
      "peak RSS, MB",
      "PSS, MB",
    ];
    parts.push(
      `## Beside Node-RED\n\nThe same 100 automations (a threshold each, both ways) as clients of one mosquitto; Tram / Node-RED.\nThe broker is not counted. Tram keeps the state of its rules for a power cut, Node-RED keeps none.\n\n${table(heads, rows)}`,
    );
    console.log(`\n${parts.at(-1)}\n`);
  }
}

if (!quick && ONLY === "") {
  const folder = resolve(import.meta.dirname, "../../docs/reference");
  mkdirSync(folder, { recursive: true });
  const text = [
    "# The rules",
    "",
    "<!-- Written by `make bench-rules`. -->",
    "",
    [new Date().toISOString().slice(0, 10), describeMachine(), ...versions].join(" · "),
    "",
    parts.join("\n\n"),
    "",
  ].join("\n");
  writeFileSync(join(folder, "rules-benchmarks.md"), text);
}
