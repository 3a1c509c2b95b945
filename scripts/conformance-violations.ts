import type { Rows, Violation } from "./conformance/violation.ts";
import { Workshop } from "./conformance/violation-run.ts";
import { VIOLATIONS } from "./conformance/violations.ts";

/**
 * Breaks the broker in many ways, each in a copy, and looks whether the conformance tests notice: exactly the rows that are
 * named must turn red. `node scripts/conformance-violations.ts [part of a name]`.
 */
const [wanted = ""] = process.argv.slice(2);
const chosen = VIOLATIONS.filter(({ what }) => what.includes(wanted));
using workshop = new Workshop(new URL("..", import.meta.url).pathname);
const sound = [...workshop.redNow()];
if (sound.length > 0) throw new Error(`red before anything was broken: ${sound.join(", ")}`);

let wrong = 0;
for (const violation of chosen) {
  const expected = new Set([...rows(violation.breaks), ...rows(violation.tied ?? {})]);
  const red = workshop.redRows(violation);
  const missing = [...expected].filter((row) => !red.has(row));
  const unexpected = [...red].filter((row) => !expected.has(row));
  const right = missing.length === 0 && unexpected.length === 0 && red.size > 0;
  if (!right) wrong++;
  console.log(`${right ? "ok  " : "FAIL"} ${title(violation)}: ${[...rows(violation.breaks)].join(", ")}`);
  if (missing.length > 0) console.log(`     still green: ${missing.join(", ")}`);
  if (unexpected.length > 0) console.log(`     red too: ${unexpected.join(", ")}`);
}
console.log(`${chosen.length} violations, ${chosen.length - wrong} found out exactly`);
process.exitCode = wrong === 0 ? 0 : 1;

function title({ file, tied, what }: Violation): string {
  const more = [...rows(tied ?? {})].length;
  return `${what} (${file}${more === 0 ? "" : `; ${more} rows fall with it`})`;
}

function* rows({ v4, v5 }: Rows): Generator<string> {
  for (const number of v4?.split(" ") ?? []) yield `3.1.1 ${number}`;
  for (const number of v5?.split(" ") ?? []) yield `5.0 ${number}`;
}
