import { spawnSync } from "node:child_process";

/**
 * Checks who imports whom. A cruiser that cannot parse reads nothing and finds nothing wrong, so it must also have
 * seen the modules that are there.
 */
const FOLDERS = ["protocol/src", "gateway", "modules", "rules", "cloud-bridge/src", "testkit/src"];
const AT_LEAST = 80;

const result = spawnSync(
  "depcruise",
  ["--config", ".dependency-cruiser.cjs", "--output-type", "json", ...FOLDERS],
  {
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
  },
);
interface Report {
  readonly summary: {
    readonly totalCruised: number;
    readonly violations: readonly { rule: { name: string }; from: string; to: string }[];
  };
}
const { summary } = JSON.parse(result.stdout) as Report;
for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} → ${to}`);
if (summary.totalCruised < AT_LEAST) {
  console.error(`read only ${summary.totalCruised} modules: the parser does not work`);
  process.exit(1);
}
console.log(`${summary.totalCruised} modules, ${summary.violations.length} forbidden imports`);
process.exit(summary.violations.length === 0 ? 0 : 1);
