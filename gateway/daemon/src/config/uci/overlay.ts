import type { SchemaProblem } from "@tram/protocol";
import type { TSchema } from "typebox";
import { isSecretKey, shownKey } from "../secrets.ts";
import { type Place, SECTION_KINDS, type SectionKind } from "./kinds.ts";
import { nameFor, withPaths } from "./names.ts";
import { shownName, type UciSection, type UciValue } from "./section.ts";
import { readValue } from "./value.ts";

type Loose = Record<string, unknown>;

/** A configuration with UCI laid over it. It is not checked yet as a whole. */
export interface Overlaid {
  readonly document: unknown;
  /** What is wrong with the sections themselves; paths as UCI has them. */
  readonly problems: readonly SchemaProblem[];
  /**
   * Where a place of the document comes from, as UCI names it: `mqtt.clients[0].role` → `tram.kitchen.role`. Undefined
   * for what the base says.
   */
  uciPath(path: string): string | undefined;
  /** UCI paths that are reported already: what the check of the whole says about them is no news. */
  readonly reported: ReadonlySet<string>;
}

/**
 * Lays UCI sections over a configuration. UCI wins for each key; an entry of a list (an account, a module, a cloud)
 * replaces the one of its name, or is added.
 * @param base as it was parsed; it may be anything, and is not changed. Where it has another form than the sections need
 * it stays as it is, and the check of the whole tells.
 */
export function overlay(base: unknown, sections: readonly UciSection[]): Overlaid {
  if (base !== undefined && !isObject(base)) {
    return { document: base, problems: [], uciPath: () => undefined, reported: new Set() };
  }
  return new Overlay(base ?? {}).lay(sections);
}

class Overlay {
  readonly #document: Loose;
  readonly #problems: SchemaProblem[] = [];
  readonly #reported = new Set<string>();
  /** Path in the document → path in UCI. */
  readonly #origins = new Map<string, string>();
  /** Types of which there is one, and where it is. */
  readonly #single = new Map<string, string>();

  constructor(base: Readonly<Loose>) {
    this.#document = { ...base };
  }

  lay(sections: readonly UciSection[]): Overlaid {
    for (const [section, path] of withPaths(sections)) {
      const kind = SECTION_KINDS.get(section.type);
      if (kind === undefined) {
        const types = [...SECTION_KINDS.keys()].join(", ");
        this.#report(path, `expected a section of type ${types}, found ${shownName(section.type)}`);
        continue;
      }
      const values = this.#values(section, kind, path);
      this.#put(kind.place, section, path, values);
    }
    return {
      document: this.#document,
      problems: this.#problems,
      uciPath: (path) => this.#uciPath(path),
      reported: this.#reported,
    };
  }

  /** The options of a section as its schema wants them; those that are wrong are reported and left out. */
  #values({ options }: UciSection, kind: SectionKind, path: string): ReadonlyMap<string, unknown> {
    const values = new Map<string, unknown>();
    for (const [name, value] of options) {
      const schema = kind.options.get(name);
      if (schema === undefined) {
        this.#report(`${path}.${shownKey(name)}`, "unknown option");
        continue;
      }
      const where = `${path}.${name}`;
      const read = readOption(name, value, schema);
      if ("problem" in read) this.#report(where, read.problem);
      else values.set(name, read.value);
    }
    return values;
  }

  #put(place: Place, section: UciSection, path: string, values: ReadonlyMap<string, unknown>): void {
    if (place.kind === "entry") {
      this.#putEntry(place, section, path, values);
      return;
    }
    const first = this.#single.get(section.type);
    if (first !== undefined) {
      this.#report(path, `expected one section of type ${section.type}, found another at ${first}`);
      return;
    }
    this.#single.set(section.type, path);
    if (place.kind === "none" || values.size === 0) return;
    const target = this.#objectAt(place.at);
    if (target === undefined) return;
    for (const [name, value] of values) {
      target[name] = value;
      this.#origins.set([...place.at, name].join("."), `${path}.${name}`);
    }
  }

  #putEntry(
    place: Place & { kind: "entry" },
    section: UciSection,
    path: string,
    values: ReadonlyMap<string, unknown>,
  ): void {
    const { at, name: key } = place;
    const named = section.name === undefined ? undefined : nameFor(section.name, place);
    const entry: Loose = {
      // A name that was given and is wrong is not made good by the section's.
      ...(named === undefined || section.options.has(key) ? {} : { [key]: named }),
      ...Object.fromEntries(values),
    };
    const list = this.#listAt(at);
    if (list === undefined) return;
    const name = entry[key];
    const index = list.findIndex((item) => name !== undefined && isObject(item) && item[key] === name);
    const origin = `${at.join(".")}[${index < 0 ? list.length : index}]`;
    const first = this.#origins.get(origin);
    if (first !== undefined) {
      this.#report(`${path}.${key}`, `expected a unique name, found that of ${first}`);
      return;
    }
    if (index < 0) list.push(entry);
    else list[index] = entry;
    this.#origins.set(origin, path);
  }

  /** The object at a path, made where it is missing; undefined where something else is. */
  #objectAt(path: readonly string[]): Loose | undefined {
    let target = this.#document;
    for (const key of path) {
      const inner = target[key];
      if (inner !== undefined && inner !== null && !isObject(inner)) return undefined;
      // A copy, so that the base stays as it is.
      const copy: Loose = { ...inner };
      target[key] = copy;
      target = copy;
    }
    return target;
  }

  #listAt(path: readonly string[]): unknown[] | undefined {
    const target = this.#objectAt(path.slice(0, -1));
    const key = path.at(-1);
    if (target === undefined || key === undefined) return undefined;
    const list = target[key];
    if (list !== undefined && list !== null && !Array.isArray(list)) return undefined;
    const copy: unknown[] = [...(list ?? [])];
    target[key] = copy;
    return copy;
  }

  #report(path: string, problem: string): void {
    this.#problems.push({ path, problem });
    this.#reported.add(path);
  }

  #uciPath(path: string): string | undefined {
    for (
      let end = path.length;
      end > 0;
      end = Math.max(path.lastIndexOf(".", end - 1), path.lastIndexOf("[", end - 1))
    ) {
      const origin = this.#origins.get(path.slice(0, end));
      if (origin !== undefined) return origin + path.slice(end);
    }
    return undefined;
  }
}

/** As `readValue`; what may be a secret is not shown. */
function readOption(name: string, value: UciValue, schema: TSchema): ReturnType<typeof readValue> {
  const read = readValue(value, schema);
  if ("value" in read || typeof value !== "string" || !isSecretKey(name)) return read;
  return { problem: read.problem.replace(/, found .*$/s, ", found something else") };
}

function isObject(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
