import type { SchemaProblem } from "@tram/protocol";
import type { ConfigDocument } from "../schema.ts";
import { SECTION_KINDS, type SectionKind } from "./kinds.ts";
import { nameFor } from "./names.ts";
import { UCI_LIMITS, UCI_NAME, type UciSection, type UciValue } from "./section.ts";
import { writeValue } from "./value.ts";

type Loose = Readonly<Record<string, unknown>>;

/**
 * Says a configuration in UCI, for those who move: laid over nothing, the sections make the same configuration again.
 * @param document one that was checked; relative paths would start in the folder that the sections are laid over in.
 * @returns `problems` names what UCI has no words for (text with a NUL character).
 */
export function expressInUci(document: ConfigDocument): {
  readonly sections: readonly UciSection[];
  readonly problems: readonly SchemaProblem[];
} {
  const problems: SchemaProblem[] = [];
  const sections: UciSection[] = [];
  // All sections of a file share their names.
  const taken = new Set(SECTION_KINDS.keys());
  for (const kind of SECTION_KINDS.values()) {
    const { place, type } = kind;
    if (place.kind === "none") continue;
    const found = place.at.reduce<unknown>((value, key) => (value as Loose | undefined)?.[key], document);
    if (place.kind === "keys") {
      const options = optionsOf((found ?? {}) as Loose, kind, place.at.join("."), problems);
      if (options.size > 0) sections.push({ type, name: type, options });
      continue;
    }
    for (const [index, item] of ((found ?? []) as Loose[]).entries()) {
      const { [place.name]: own, ...others } = item;
      const path = `${place.at.join(".")}[${index}]`;
      // Where the entry has no name, its section has none: the section's would be the entry's.
      if (own === undefined) {
        sections.push({ type, options: optionsOf(others, kind, path, problems) });
        continue;
      }
      const name = sectionName(String(own), taken);
      const values = nameFor(name, place) === own ? others : item;
      sections.push({ type, name, options: optionsOf(values, kind, path, problems) });
    }
  }
  return { sections, problems };
}

function optionsOf(
  values: Loose,
  kind: SectionKind,
  path: string,
  problems: SchemaProblem[],
): ReadonlyMap<string, UciValue> {
  const options = new Map<string, UciValue>();
  for (const [name, schema] of kind.options) {
    const value = values[name];
    if (value === undefined) continue;
    const written = writeValue(value, schema);
    if (written !== undefined) options.set(name, written);
    else {
      const where = path === "" ? name : `${path}.${name}`;
      problems.push({ path: where, problem: "expected a value that UCI can hold, found another" });
    }
  }
  return options;
}

/** A name that UCI allows and that is free. */
function sectionName(wanted: string, taken: Set<string>): string {
  const plain = wanted.replaceAll(/[^A-Za-z0-9_]/g, "_").slice(0, UCI_LIMITS.nameCharacters - 8);
  const stem = UCI_NAME.test(plain) ? plain : "entry";
  let name = stem;
  for (let count = 2; taken.has(name); count++) name = `${stem}_${count}`;
  taken.add(name);
  return name;
}
