import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { referenceDocuments } from "../gateway/daemon/dist/reference.js";

/** Writes the generated files, or with `--check` tells which of them are not what the sources say. */
const root = new URL("..", import.meta.url).pathname;
const folder = join(root, "docs/reference");
const check = process.argv.includes("--check");

function current(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // Not there: drift too.
  }
}

let drifted = 0;
mkdirSync(folder, { recursive: true });
for (const [name, text] of referenceDocuments()) {
  const path = join(folder, name);
  if (current(path) === text) continue;
  drifted++;
  if (check) console.error(`docs/reference/${name} is not what the sources say: run \`make generate\``);
  else writeFileSync(path, text);
}
console.log(check ? `${drifted} generated files drifted` : `${drifted} generated files written`);
process.exitCode = check && drifted > 0 ? 1 : 0;
