import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { conformanceReference } from "../gateway/broker/src/conformance/reference.ts";
import { referenceDocuments } from "../gateway/daemon/dist/reference.js";
import { homieReference } from "../protocol/src/homie/conformance/reference.ts";
import { modelReference } from "../protocol/src/models/reference.ts";
import { EDITOR_SCHEMAS } from "../protocol/src/rule/editor-schema.ts";
import { luciTemplate } from "./package/luci-messages.ts";

/** Writes the generated files, or with `--check` tells which of them are not what the sources say. */
const root = new URL("..", import.meta.url).pathname;
const check = process.argv.includes("--check");

function current(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // Not there: drift too.
  }
}

const LUCI = "packages-openwrt/luci-app-tram";
const documents = new Map([
  ...[...referenceDocuments()].map(([name, text]) => [`docs/reference/${name}`, text] as const),
  ...Object.entries(EDITOR_SCHEMAS).map(
    ([name, schema]) => [`docs/reference/${name}`, `${JSON.stringify(schema(), null, 1)}\n`] as const,
  ),
  ["docs/reference/homie-conformance.md", homieReference()],
  ["docs/reference/mqtt-conformance.md", conformanceReference()],
  ["docs/reference/thing-models.md", modelReference()],
  [`${LUCI}/po/templates/tram.pot`, luciTemplate(join(root, LUCI))],
]);
let drifted = 0;
for (const [name, text] of documents) {
  const path = join(root, name);
  if (current(path) === text) continue;
  drifted++;
  if (check) {
    console.error(`${name} is not what the sources say: run \`make generate\``);
    continue;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
console.log(check ? `${drifted} generated files drifted` : `${drifted} generated files written`);
process.exitCode = check && drifted > 0 ? 1 : 0;
