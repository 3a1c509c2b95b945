import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { readSmallFile } from "../config/read-file.ts";
import { isSecretKey } from "../config/secrets.ts";
import { parseUci } from "../config/uci/parse-uci.ts";
import type { UciValue } from "../config/uci/section.ts";
import { writeUci } from "../config/uci/write-uci.ts";
import type { BundlePart } from "./bundle.ts";
import { HIDDEN, type Redactor } from "./redactor.ts";

const LIMIT_BYTES = 1_048_576;
const MOST_RULE_FILES = 200;
const UNREADABLE = "# It is no sound YAML: where its secrets are nobody can tell, so it was left out.\n";

/** A text of YAML without its secrets. Comments go too: they may hold anything. */
export function redactYaml(text: string, redactor: Redactor): string {
  let document: unknown;
  try {
    document = parse(text, { schema: "core", logLevel: "error", maxAliasCount: 50 });
  } catch {
    return UNREADABLE;
  }
  return typeof document === "object" && document !== null
    ? stringify(redactor.value(document), { lineWidth: 100 })
    : UNREADABLE;
}

/** A UCI file without its secrets; options that hold JSON (settings of modules and clouds) are looked into. */
export function redactUci(text: Uint8Array, redactor: Redactor): string {
  const { sections } = parseUci(text);
  const hide = (option: string, value: string): string => {
    if (isSecretKey(option)) return HIDDEN;
    try {
      const inner: unknown = JSON.parse(value);
      return typeof inner === "object"
        ? JSON.stringify(redactor.value(inner))
        : String(redactor.value(value, option));
    } catch {
      return String(redactor.value(value, option));
    }
  };
  return writeUci(
    sections.map(({ options, ...section }) => ({
      ...section,
      options: new Map(
        [...options].map(([option, value]): [string, UciValue] => [
          option,
          typeof value === "string" ? hide(option, value) : value.map((item) => hide(option, item)),
        ]),
      ),
    })),
  );
}

/** Names of the rule files and their tests. */
export function ruleFiles(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => /^[^.].*\.ya?ml$/.test(name));
    return names.sort().slice(0, MOST_RULE_FILES);
  } catch {
    return []; // No rules yet.
  }
}

export function rulePart(folder: string, name: string): BundlePart {
  return {
    name: `rules/${name}`,
    make: (redactor) => {
      const content = readSmallFile(join(folder, name), LIMIT_BYTES);
      return "found" in content ? `# ${content.found}\n` : redactYaml(content.toString("utf8"), redactor);
    },
  };
}
