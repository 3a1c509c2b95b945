import { createHash } from "node:crypto";
import { mkdir, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Log, Registry } from "@tram/core";
import type {
  RuleCheckView,
  RuleFileView,
  RuleProblemView,
  RuleSourceView,
  RuleView,
  SchemaProblem,
} from "@tram/protocol";
import {
  addRule,
  checkRuleText,
  type RuleTextCheck,
  removeRule,
  renderDocument,
  replaceRule,
  ruleTextOf,
  switchRule,
  type TextResult,
} from "@tram/rules";
import type { Audit } from "../audit/audit-log.ts";
import { type FeatureMeter, wholeFileBytes } from "../write-meter/write-meter.ts";

/** File that new rules go to when nobody names one. */
const DEFAULT_FILE = "rules.yaml";

/** Why an edit was not done. */
export interface EditRefusal {
  readonly code: "unknown-rule" | "unknown-file" | "changed" | "exists" | "invalid-rule" | "not-writable";
  readonly detail: string;
  readonly errors?: readonly SchemaProblem[];
}

export type Edited<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: EditRefusal };

/** The rules as the engine has them, and how it is told to look again. */
export interface RuleShelf {
  list(): readonly RuleView[];
  reload(): void;
}

/** Who changes a rule, and what they had seen of its file. */
export interface EditContext {
  readonly by: string;
  readonly revision?: string | undefined;
}

/**
 * Changes rules in their files, one at a time: checked first, written whole or not at all, and on the disk before it
 * is told. Comments and everything around the rule stay as they are.
 */
export class RuleEditor {
  readonly #folder: string;
  readonly #rules: RuleShelf;
  readonly #registry: Registry;
  readonly #log: Log;
  readonly #audit: Audit;
  readonly #meter: Pick<FeatureMeter, "wrote"> | undefined;
  /** One edit after the other: each reads the file that the one before has written. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    folder: string;
    rules: RuleShelf;
    registry: Registry;
    log: Log;
    audit: Audit;
    /** Counts what is written. */
    meter?: Pick<FeatureMeter, "wrote">;
  }) {
    this.#audit = parts.audit;
    this.#folder = parts.folder;
    this.#rules = parts.rules;
    this.#registry = parts.registry;
    this.#log = parts.log;
    this.#meter = parts.meter;
  }

  async source(id: string): Promise<Edited<RuleSourceView>> {
    const file = this.#fileOf(id);
    if (file === undefined) return unknownRule(id);
    const text = await this.#read(file);
    if (!text.ok) return text;
    return this.#sourceIn(file, text.value, id);
  }

  /** Checks a text as it would stand in the place of rule `id`, or as a new one. */
  check(text: string, id?: string): RuleCheckView {
    const { id: found, document, problems, warnings } = this.#check(text, id);
    return {
      ...(found === undefined ? {} : { id: found }),
      ...(document === undefined ? {} : { document }),
      problems: [...problems],
      warnings: [...warnings],
    };
  }

  render(text: string, document: unknown): Edited<string> {
    return rendered(renderDocument(text, document));
  }

  save(id: string, text: string, context: EditContext): Promise<Edited<RuleSourceView>> {
    return this.#edit(id, context, "changed", (old) => {
      const check = this.#check(text, id);
      if (check.problems.length > 0) return invalid(check.problems);
      return rendered(replaceRule(old, id, text), check.id ?? id);
    });
  }

  async switch(id: string, enabled: boolean, context: EditContext): Promise<Edited<RuleSourceView>> {
    return this.#edit(id, context, enabled ? "switched on" : "switched off", (old) => {
      const current = ruleTextOf(old, id);
      const switched = current.ok ? switchRule(current.text, enabled) : current;
      return rendered(switched.ok ? replaceRule(old, id, switched.text) : switched, id);
    });
  }

  async remove(id: string, context: EditContext): Promise<Edited<undefined>> {
    const done = await this.#edit(id, context, "removed", (old) => rendered(removeRule(old, id), undefined));
    return done.ok ? { ok: true, value: undefined } : done;
  }

  add(text: string, context: EditContext & { file?: string | undefined }): Promise<Edited<RuleSourceView>> {
    return this.#queue(async () => {
      const check = this.#check(text, undefined);
      const { id } = check;
      if (id !== undefined && this.#fileOf(id) !== undefined) {
        return refuse({ code: "exists", detail: `There is a rule ${id} already, in ${this.#fileOf(id)}.` });
      }
      if (check.problems.length > 0) return invalid(check.problems);
      if (id === undefined) return invalid([{ path: "id", problem: "expected an id, found none" }]);
      const file = context.file ?? DEFAULT_FILE;
      const old = await this.#read(file);
      if (!old.ok && old.refusal.code !== "unknown-file") return old;
      const added = rendered(addRule(old.ok ? old.value : "", text));
      if (!added.ok) return added;
      const written = await this.#write(file, added.value);
      if (!written.ok) return written;
      this.#tell(id, { name: file, text: added.value }, "added", context);
      return this.#sourceIn(file, added.value, id);
    });
  }

  async file(name: string): Promise<Edited<RuleFileView>> {
    const text = await this.#read(name);
    if (!text.ok) return text;
    return { ok: true, value: { file: name, text: text.value, revision: revisionOf(text.value) } };
  }

  /** Writes a whole file: the way to mend one that is not a list of rules. Only files that are there. */
  saveFile(name: string, text: string, context: EditContext): Promise<Edited<RuleFileView>> {
    return this.#queue(async () => {
      const old = await this.#read(name);
      if (!old.ok) return old;
      const stale = staleness(old.value, context);
      if (stale !== undefined) return stale;
      const written = await this.#write(name, text);
      if (!written.ok) return written;
      const { by } = context;
      this.#audit({ action: "rule-edited", subject: name, by, detail: `file changed, ${revisionOf(text)}` });
      this.#rules.reload();
      return { ok: true, value: { file: name, text, revision: revisionOf(text) } };
    });
  }

  #edit(
    id: string,
    context: EditContext,
    what: string,
    change: (old: string) => Edited<string> & { readonly id?: string | undefined },
  ): Promise<Edited<RuleSourceView>> {
    return this.#queue(async () => {
      const file = this.#fileOf(id);
      if (file === undefined) return unknownRule(id);
      const old = await this.#read(file);
      if (!old.ok) return old;
      const stale = staleness(old.value, context);
      if (stale !== undefined) return stale;
      const changed = change(old.value);
      if (!changed.ok) return changed;
      if (changed.value !== old.value) {
        const written = await this.#write(file, changed.value);
        if (!written.ok) return written;
        this.#tell(id, { name: file, text: changed.value }, what, context);
      }
      return this.#sourceIn(file, changed.value, changed.id ?? id);
    });
  }

  /** The audit line, and the engine looks at the files again. */
  #tell(rule: string, file: { name: string; text: string }, change: string, { by }: EditContext): void {
    const detail = `${change} in ${file.name}, ${revisionOf(file.text)}`;
    this.#audit({ action: "rule-edited", subject: rule, by, detail });
    this.#rules.reload();
  }

  #sourceIn(file: string, fileText: string, id: string): Edited<RuleSourceView> {
    const found = ruleTextOf(fileText, id);
    // After a removal there is nothing to show; the caller does not look.
    const text = found.ok ? found.text : "";
    const { document, problems, warnings } = this.#check(text, id);
    return {
      ok: true,
      value: {
        id,
        file,
        text,
        revision: revisionOf(fileText),
        ...(document === undefined ? {} : { document }),
        problems: [...problems],
        warnings: [...warnings],
      },
    };
  }

  #check(text: string, replaced: string | undefined): RuleTextCheck {
    return checkRuleText(text, {
      house: this.#registry,
      takenBy: (id) => (id === replaced ? undefined : this.#fileOf(id)),
    });
  }

  #fileOf(id: string): string | undefined {
    return this.#rules.list().find((rule) => rule.id === id && rule.editable)?.file;
  }

  async #read(file: string): Promise<Edited<string>> {
    try {
      return { ok: true, value: await readFile(join(this.#folder, file), "utf8") };
    } catch (error) {
      const code = codeOf(error);
      const why = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
      return refuse({ code: "unknown-file", detail: `${file}: ${why}.` });
    }
  }

  /** Writes beside the file, then takes its place: whatever happens, a whole file is there. */
  async #write(file: string, text: string): Promise<Edited<undefined>> {
    // A name with a dot in front is never read as a rule file.
    const draft = join(this.#folder, `.${file}.new`);
    try {
      await mkdir(this.#folder, { recursive: true });
      const target = await realTarget(join(this.#folder, file));
      const handle = await open(draft, "w", await modeOf(target));
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      this.#meter?.wrote(wholeFileBytes(Buffer.byteLength(text)));
      await rename(draft, target);
      await syncFolder(dirname(target));
      return { ok: true, value: undefined };
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined); // What cannot be written cannot be removed either.
      this.#log.warn({ file, code: codeOf(error) }, "a rule file could not be written");
      return refuse({
        code: "not-writable",
        detail: `${file}: ${inWords(codeOf(error))}. Nothing was changed.`,
      });
    }
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work, work);
    this.#last = next.catch(() => undefined); // Its own caller sees it.
    return next;
  }
}

function refuse(refusal: EditRefusal): { readonly ok: false; readonly refusal: EditRefusal } {
  return { ok: false, refusal };
}

function unknownRule(id: string): { readonly ok: false; readonly refusal: EditRefusal } {
  return refuse({ code: "unknown-rule", detail: `There is no rule ${id}.` });
}

function invalid(problems: readonly RuleProblemView[]): {
  readonly ok: false;
  readonly refusal: EditRefusal;
} {
  const [first] = problems;
  const where = first === undefined || first.path === "" ? "" : `${first.path}: `;
  return refuse({
    code: "invalid-rule",
    detail: `${where}${first?.problem ?? "not a rule"}`,
    errors: problems.map(({ path, problem }) => ({ path, problem })),
  });
}

function rendered(result: TextResult, id?: string): Edited<string> & { readonly id?: string | undefined } {
  if (result.ok) return { ok: true, value: result.text, id };
  return refuse({
    code: "invalid-rule",
    detail: result.problem,
    errors: [{ path: "", problem: result.problem }],
  });
}

function staleness(
  text: string,
  { revision }: EditContext,
): { readonly ok: false; readonly refusal: EditRefusal } | undefined {
  if (revision === undefined || revision === revisionOf(text)) return undefined;
  return refuse({ code: "changed", detail: "Somebody changed this file meanwhile. Load it again." });
}

/** Names a state of a file: 128 bits of its SHA-256. */
function revisionOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}

/** A rule file may be a link: then the file that it names is written, and the link stays. */
async function realTarget(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return path; // Not there yet.
  }
}

async function modeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch {
    return 0o644; // Not there yet.
  }
}

/** A rename is on the disk when its folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

const WORDS: Readonly<Record<string, string>> = {
  EROFS: "the rules folder is on a read-only file system",
  EACCES: "the gateway may not write into the rules folder",
  EPERM: "the gateway may not write into the rules folder",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
};

function inWords(code: string): string {
  return WORDS[code] ?? `it could not be written (${code})`;
}
