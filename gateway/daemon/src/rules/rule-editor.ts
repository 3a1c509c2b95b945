import { createHash } from "node:crypto";
import type { Log, Registry } from "@tram/core";
import type { RuleCheckView, RuleFileView, RuleSourceView, RuleView } from "@tram/protocol";
import {
  addRule,
  checkRuleText,
  compile,
  type HouseView,
  type Place,
  type RuleProblem,
  type RuleTextCheck,
  removeRule,
  renderDocument,
  replaceRule,
  ruleTextOf,
  switchRule,
  type TextResult,
} from "@tram/rules";
import type { Audit } from "../audit/audit-log.ts";
import type { FeatureMeter } from "../write-meter/write-meter.ts";
import { CHANGED, type Edited, invalid, type Refused, refuse, unknownRule } from "./edit-refusal.ts";
import { houseView } from "./house-view.ts";
import { RuleFolder } from "./rule-folder.ts";
import type { RuleVersions } from "./rule-versions.ts";

/** File that new rules go to when nobody names one. */
const DEFAULT_FILE = "rules.yaml";

/** The rules as the engine has them, and how it is told to look again. */
export interface RuleShelf {
  list(): readonly RuleView[];
  /** Looks at the files again. Resolves when what was found is kept. */
  reload(): Promise<void>;
}

/** What the files said before, and who is about to change them. */
export type EditedVersions = Pick<
  RuleVersions,
  "announce" | "wrote" | "withdraw" | "isNews" | "get" | "text"
>;

/** Who changes a rule, and what they had seen of its file. */
export interface EditContext {
  readonly by: string;
  /** In words, where it is not a change by hand: `rolled back to 7`. */
  readonly note?: string;
  readonly revision?: string | undefined;
}

/**
 * Changes rules in their files, one at a time: checked first, written whole or not at all, and on the disk before it
 * is told. Comments and everything around the rule stay as they are.
 */
export class RuleEditor {
  readonly #folder: RuleFolder;
  readonly #rules: RuleShelf;
  readonly #versions: EditedVersions;
  readonly #house: HouseView;
  readonly #place: Place | undefined;
  readonly #audit: Audit;
  /** One edit after the other: each reads the file that the one before has written. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    folder: string;
    rules: RuleShelf;
    versions: EditedVersions;
    registry: Registry;
    /** Where the gateway is: schedules of the sun are refused without. */
    place?: Place | undefined;
    log: Log;
    audit: Audit;
    /** Counts what is written. */
    meter?: Pick<FeatureMeter, "wrote">;
  }) {
    this.#audit = parts.audit;
    this.#folder = new RuleFolder(parts.folder, parts);
    this.#rules = parts.rules;
    this.#versions = parts.versions;
    this.#house = houseView(parts.registry);
    this.#place = parts.place;
  }

  async source(id: string): Promise<Edited<RuleSourceView>> {
    const file = this.#fileOf(id);
    if (file === undefined) return this.#notThere(id);
    const text = await this.#folder.read(file);
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
      const old = await this.#folder.read(file);
      if (!old.ok && old.refusal.code !== "unknown-file") return old;
      return this.#put(id, text, { ...context, file, what: "added", old: old.ok ? old.value : undefined });
    });
  }

  /** Makes a rule what it was in a version, also one that was removed since. Everything else stays as it is. */
  async rollBack(id: string, version: number, context: EditContext): Promise<Edited<RuleSourceView>> {
    const past = await this.#past(version);
    if (!past.ok) return past;
    const found = ruleTextOf(past.value.text, id);
    if (!found.ok) {
      return refuse({ code: "not-in-version", detail: `Version ${version} does not have the rule ${id}.` });
    }
    const note = `rolled back to ${version}`;
    const back = { ...context, note };
    if (this.#ruleOf(id) !== undefined) return this.save(id, found.text, back);
    return this.#queue(async () => {
      const { problems } = this.#check(found.text, id);
      if (problems.length > 0) return invalid(problems);
      const { file } = past.value;
      const old = await this.#folder.read(file);
      if (!old.ok && old.refusal.code !== "unknown-file") return old;
      const stale = old.ok ? staleness(old.value, context) : undefined;
      return (
        stale ?? this.#put(id, found.text, { ...back, file, what: note, old: old.ok ? old.value : undefined })
      );
    });
  }

  /** Makes a whole file what it was in a version, also one that was removed since. */
  async rollBackFile(name: string, version: number, context: EditContext): Promise<Edited<RuleFileView>> {
    const past = await this.#past(version);
    if (!past.ok) return past;
    const { broken, file, gone, text } = past.value;
    if (file !== name || gone === true) {
      return refuse({ code: "not-in-version", detail: `Version ${version} does not have the file ${name}.` });
    }
    if (broken !== undefined) {
      return refuse({
        code: "broken-file",
        detail: `${name} was no list of rules in version ${version}: ${broken}`,
      });
    }
    return this.#saveFile(name, text, { ...context, note: `rolled back to ${version}`, create: true });
  }

  async file(name: string): Promise<Edited<RuleFileView>> {
    const text = await this.#folder.read(name);
    if (!text.ok) return text;
    return { ok: true, value: { file: name, text: text.value, revision: revisionOf(text.value) } };
  }

  /** Writes a whole file: the way to mend one that is not a list of rules. Only files that are there. */
  saveFile(name: string, text: string, context: EditContext): Promise<Edited<RuleFileView>> {
    return this.#saveFile(name, text, context);
  }

  /** Writes a whole file, also one that is not there yet, if there is room and every rule in it would run. */
  async putFile(name: string, text: string, context: EditContext): Promise<Edited<RuleFileView>> {
    const tooMuch = await this.#folder.tooMuch(name, text);
    if (tooMuch !== undefined) return tooMuch;
    const problems = this.#checkFile(name, text);
    if (problems.length > 0) return invalid(problems);
    return await this.#saveFile(name, text, { ...context, create: true });
  }

  #checkFile(file: string, text: string): readonly RuleProblem[] {
    const options = {
      house: this.#house,
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      ...(this.#place === undefined ? {} : { place: this.#place }),
    };
    const program = compile([{ file, text }], options);
    const elsewhere = this.#rules.list().filter((rule) => rule.file !== file);
    const taken = [...program.rules.keys()].flatMap((id) => {
      const other = elsewhere.find((rule) => rule.id === id);
      return other === undefined
        ? []
        : [{ file, path: "", problem: `there is a rule ${id} in ${other.file}` }];
    });
    return [...program.broken.flatMap((broken) => broken.problems), ...taken];
  }

  #saveFile(
    name: string,
    text: string,
    context: EditContext & { readonly create?: true },
  ): Promise<Edited<RuleFileView>> {
    return this.#queue(async () => {
      const old = await this.#folder.read(name);
      if (!old.ok && !(context.create && old.refusal.code === "unknown-file")) return old;
      const stale = old.ok ? staleness(old.value, context) : undefined;
      if (stale !== undefined) return stale;
      const kept = { ok: true, value: { file: name, text, revision: revisionOf(text) } } as const;
      if (old.ok && old.value === text) return kept;
      const edit = { name, old: old.ok ? old.value : undefined, text };
      const written = await this.#write(edit, context);
      if (!written.ok) return written;
      await this.#tell(name, edit, context.note ?? "file changed", context);
      return kept;
    });
  }

  /** Puts a rule at the end of a file. */
  async #put(
    id: string,
    text: string,
    context: EditContext & { readonly file: string; readonly what: string; readonly old: string | undefined },
  ): Promise<Edited<RuleSourceView>> {
    const { file, old, what } = context;
    const added = rendered(addRule(old ?? "", text));
    if (!added.ok) return added;
    const edit = { name: file, old, text: added.value };
    const written = await this.#write(edit, context);
    if (!written.ok) return written;
    await this.#tell(id, edit, what, context);
    return this.#sourceIn(file, added.value, id);
  }

  async #past(
    version: number,
  ): Promise<Edited<{ file: string; text: string; broken?: string; gone?: true }>> {
    const known = this.#versions.get(version);
    const text = known === undefined ? undefined : await this.#versions.text(known);
    if (known === undefined || text === undefined) {
      return refuse({
        code: "unknown-version",
        detail: `There is no version ${version}, or its text was not kept.`,
      });
    }
    const { broken, file, gone } = known;
    return {
      ok: true,
      value: {
        file,
        text,
        ...(broken === undefined ? {} : { broken }),
        ...(gone === undefined ? {} : { gone }),
      },
    };
  }

  #edit(
    id: string,
    context: EditContext,
    what: string,
    change: (old: string) => Edited<string> & { readonly id?: string | undefined },
  ): Promise<Edited<RuleSourceView>> {
    return this.#queue(async () => {
      const file = this.#fileOf(id);
      if (file === undefined) return this.#notThere(id);
      const old = await this.#folder.read(file);
      if (!old.ok) return old;
      const stale = staleness(old.value, context);
      if (stale !== undefined) return stale;
      const changed = change(old.value);
      if (!changed.ok) return changed;
      if (changed.value !== old.value) {
        const edit = { name: file, old: old.value, text: changed.value };
        const written = await this.#write(edit, context);
        if (!written.ok) return written;
        await this.#tell(id, edit, context.note ?? what, context);
      }
      return this.#sourceIn(file, changed.value, changed.id ?? id);
    });
  }

  /** The audit line, and the engine looks at the files again. */
  async #tell(subject: string, file: FileEdit, change: string, { by }: EditContext): Promise<void> {
    const where = subject === file.name ? "" : ` in ${file.name}`;
    this.#audit({
      action: "rule-edited",
      subject,
      by,
      detail: `${change}${where}, ${revisionOf(file.text)}`,
    });
    await this.#rules.reload();
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
      house: this.#house,
      place: this.#place,
      takenBy: (id) => (id === replaced ? undefined : this.#fileOf(id)),
    });
  }

  #fileOf(id: string): string | undefined {
    const rule = this.#ruleOf(id);
    return rule?.editable === true ? rule.file : undefined;
  }

  #ruleOf(id: string): RuleView | undefined {
    return this.#rules.list().find((rule) => rule.id === id);
  }

  /** Its file may be one that nobody can change a single rule of. */
  #notThere(id: string): Refused {
    const rule = this.#ruleOf(id);
    if (rule?.lastGood === undefined) return unknownRule(id);
    const [first] = rule.problems;
    return refuse({
      code: "broken-file",
      detail: `${rule.file} cannot be read as a list of rules: mend or roll back the file. ${first?.problem ?? ""}`,
    });
  }

  /** Writes a file, and says before whose work it is. */
  async #write({ name: file, old, text }: FileEdit, author: EditContext): Promise<Edited<undefined>> {
    // A change by hand that nobody has looked at yet is a version of its own.
    if (old !== undefined && this.#versions.isNews(file, old)) await this.#rules.reload();
    await this.#versions.announce(file, text, author);
    const written = await this.#folder.replace(file, old, text);
    if (written.ok) this.#versions.wrote(file, text);
    else this.#versions.withdraw(file);
    return written;
  }

  #queue<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#last.then(work, work);
    this.#last = next.catch(() => undefined); // Its own caller sees it.
    return next;
  }
}

/** A file as it is to be. */
interface FileEdit {
  readonly name: string;
  /** What it said when the edit was made; absent where there was no file. */
  readonly old: string | undefined;
  readonly text: string;
}

function rendered(result: TextResult, id?: string): Edited<string> & { readonly id?: string | undefined } {
  if (result.ok) return { ok: true, value: result.text, id };
  return refuse({
    code: "invalid-rule",
    detail: result.problem,
    errors: [{ path: "", problem: result.problem }],
  });
}

function staleness(text: string, { revision }: EditContext): Refused | undefined {
  return revision === undefined || revision === revisionOf(text) ? undefined : CHANGED;
}

/** Names a state of a file: 128 bits of its SHA-256. */
function revisionOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
