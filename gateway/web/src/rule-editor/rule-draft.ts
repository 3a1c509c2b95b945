import type { RuleProblemView, RuleSourceView } from "@tram/protocol";
import type { ApiClient, ApiProblem, ApiResult } from "../api/client.ts";
import { EMPTY_RULE, isPart, type RuleDocument, withPath } from "./document.ts";

/** The gateway is asked when nobody has typed for this long. In milliseconds. */
export const QUIET_MS = 350;

export type View = "form" | "text";

export interface DraftState {
  readonly phase: "loading" | "failed" | "open";
  /** Why it could not be loaded. */
  readonly failure: ApiProblem | undefined;
  /** Undefined while the text cannot be read as a rule. */
  readonly document: RuleDocument | undefined;
  readonly text: string;
  readonly problems: readonly RuleProblemView[];
  readonly warnings: readonly RuleProblemView[];
  /** Why the gateway could not be asked about the latest change; it is asked again with the next one. */
  readonly trouble: ApiProblem | undefined;
  readonly unsaved: boolean;
  readonly saved: boolean;
  readonly saving: boolean;
  readonly refusal: Refusal | undefined;
  readonly view: View;
}

/** Why the gateway did not keep the rule. */
export type Refusal =
  | { readonly kind: "problem"; readonly problem: ApiProblem }
  /** Somebody changed the rule since it was loaded. */
  | { readonly kind: "changed"; readonly theirs: RuleSourceView }
  | { readonly kind: "gone" }
  /** A field of the form holds YAML that cannot be read. */
  | { readonly kind: "unread" };

/** What a text means; or why it means nothing. */
export type Reading =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly problem: string; readonly trouble?: ApiProblem | undefined };

/** The trouble of a field whose YAML cannot be read: the field itself says why. */
export const UNREAD: ApiProblem = { status: 422, code: "unread", errors: [] };

export interface DraftParts {
  readonly ask: <Value>(call: (api: ApiClient) => Promise<ApiResult<Value>>) => Promise<ApiResult<Value>>;
  /** Calls `run` after a delay in milliseconds; returns what cancels it. */
  readonly later: (delayMs: number, run: () => void) => () => void;
}

/**
 * A rule being edited: as a document by the form, as a text by hand. Whichever was changed last is the truth; the gateway
 * makes the other of it, so that comments stay where they are. What was typed is never overwritten by an answer to
 * something older.
 */
export class RuleDraft {
  readonly #parts: DraftParts;
  readonly #listeners = new Set<() => void>();
  #state: DraftState;
  #id: string | undefined;
  /** As the gateway keeps it; what the draft began from. */
  #base = "";
  #revision: string | undefined;
  /** Counts the changes: an answer to an older one is worth nothing. */
  #version = 0;
  /** What has to be made anew of the other. */
  #behind: "text" | "document" | undefined;
  #cancel: (() => void) | undefined;
  /** Fields whose text has not been read yet, with what reads them. */
  readonly #unread = new Map<object, () => Promise<ApiProblem | undefined>>();

  /** @param id of the rule; undefined for a new one. */
  constructor(id: string | undefined, parts: DraftParts) {
    this.#id = id;
    this.#parts = parts;
    this.#behind = id === undefined ? "text" : undefined;
    this.#state = {
      phase: id === undefined ? "open" : "loading",
      failure: undefined,
      document: EMPTY_RULE,
      text: "",
      problems: [],
      warnings: [],
      trouble: undefined,
      unsaved: false,
      saved: false,
      saving: false,
      refusal: undefined,
      view: "form",
    };
  }

  get id(): string | undefined {
    return this.#id;
  }

  get state(): DraftState {
    return this.#state;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async load(): Promise<void> {
    const id = this.#id;
    if (id === undefined || this.#state.phase === "open") return;
    const result = await this.#parts.ask((api) => api.ruleSource(id));
    if (result.ok) this.take(result.value);
    else this.#set({ phase: "failed", failure: result.problem });
  }

  /** Goes on from what the gateway keeps; what was not saved is gone. */
  take(source: RuleSourceView): void {
    this.#keep(source);
    this.#version++;
    this.#behind = undefined;
    this.#unread.clear();
    this.#cancel?.();
    const document = isPart(source.document) ? source.document : undefined;
    this.#set({
      phase: "open",
      document,
      text: source.text,
      problems: source.problems,
      warnings: source.warnings,
      trouble: undefined,
      unsaved: false,
      saved: false,
      refusal: undefined,
      view: document === undefined ? "text" : this.#state.view,
    });
  }

  changeDocument(document: RuleDocument): void {
    this.#changed("text", { document });
  }

  /** Sets what stands at a path of the rule as it is now; `undefined` removes it. */
  changeAt(path: string, value: unknown): void {
    const { document } = this.#state;
    if (document !== undefined) this.changeDocument(withPath(document, path, value));
  }

  /**
   * Text and document are together only when `read` has put into the document what a field of text says.
   * @param read tells what kept it from that.
   */
  expect(field: object, read: () => Promise<ApiProblem | undefined>): void {
    this.#unread.set(field, read);
    this.#version++;
    this.#set({ unsaved: true, saved: false });
    this.#soon();
  }

  forget(field: object): void {
    this.#unread.delete(field);
  }

  /** What a text of YAML means: the gateway reads it, as it reads all of the rule. */
  async readYaml(text: string): Promise<Reading> {
    if (text.trim() === "") return { ok: true, value: undefined };
    const indented = text.split("\n").map((line) => `  ${line}`);
    const result = await this.#parts.ask((api) =>
      api.checkRule(["value:", ...indented].join("\n"), undefined),
    );
    if (!result.ok) return { ok: false, problem: "", trouble: result.problem };
    const { document, problems } = result.value;
    if (isPart(document) && Object.keys(document).join() === "value")
      return { ok: true, value: document.value };
    return { ok: false, problem: problems[0]?.problem ?? "" };
  }

  changeText(text: string): void {
    this.#changed("document", { text });
  }

  /** Drops what the gateway said of the last attempt to save. */
  dismiss(): void {
    this.#set({ refusal: undefined });
  }

  /**
   * Shows the form or the text, once both say the same: whoever goes on in the other one must not lose what was typed in
   * the first.
   * @returns false when that could not be reached.
   */
  async show(view: View): Promise<boolean> {
    if (!(await this.settle())) return false;
    if (view === "form" && this.#state.document === undefined) return false;
    this.#set({ view });
    return true;
  }

  /** Brings text and document together. @returns false when the gateway could not be asked; then `trouble` says why. */
  async settle(): Promise<boolean> {
    this.#cancel?.();
    this.#cancel = undefined;
    if (!(await this.#readFields())) return false;
    while (this.#behind !== undefined) {
      const version = this.#version;
      const trouble = this.#behind === "text" ? await this.#render(version) : await this.#check(version);
      if (version !== this.#version) continue; // Somebody typed on: once more.
      if (trouble === undefined) continue;
      this.#set({ trouble });
      return false;
    }
    return true;
  }

  /** Takes into the document what fields of text say. */
  async #readFields(): Promise<boolean> {
    let any = false;
    for (;;) {
      const [first] = this.#unread;
      if (first === undefined) break;
      const [field, read] = first;
      const trouble = await read();
      if (this.#unread.get(field) !== read) continue; // Somebody typed on: once more.
      if (trouble !== undefined) {
        this.#set({ trouble });
        return false;
      }
      any = true;
      this.#unread.delete(field);
    }
    if (any && this.#behind === undefined)
      this.#set({ trouble: undefined, unsaved: this.#state.text !== this.#base });
    return true;
  }

  /**
   * Saves it. What is typed meanwhile stays, and stays unsaved.
   * @param over what somebody else saved meanwhile and this is to replace; `"new"` to add a rule that was deleted.
   */
  async save(over?: RuleSourceView | "new"): Promise<RuleSourceView | undefined> {
    if (this.#state.saving) return undefined;
    this.#set({ saving: true, saved: false, refusal: undefined });
    const saved = await this.#save(over);
    this.#set({ saving: false });
    return saved;
  }

  async #save(over: RuleSourceView | "new" | undefined): Promise<RuleSourceView | undefined> {
    if (!(await this.settle())) {
      const { trouble } = this.#state;
      if (trouble === UNREAD) this.#set({ refusal: { kind: "unread" }, trouble: undefined });
      else if (trouble !== undefined)
        this.#set({ refusal: { kind: "problem", problem: trouble }, trouble: undefined });
      return undefined;
    }
    const version = this.#version;
    const { text } = this.#state;
    const id = over === "new" ? undefined : this.#id;
    const revision = typeof over === "object" ? over.revision : this.#revision;
    const result = await this.#send(id, text, revision);
    if (!("id" in result)) {
      this.#set({ refusal: result });
      if (result.kind === "problem" && result.problem.errors.length > 0 && version === this.#version)
        this.#set({ problems: withLines(result.problem.errors, this.#state.problems) });
      return undefined;
    }
    this.#id = result.id;
    const whole = version === this.#version;
    if (whole) this.take(result);
    else this.#keep(result);
    this.#set({ saved: whole });
    return result;
  }

  async #send(
    id: string | undefined,
    text: string,
    revision: string | undefined,
  ): Promise<RuleSourceView | Refusal> {
    const { ask } = this.#parts;
    if (id === undefined) {
      const added = await ask((api) => api.addRule(text));
      return added.ok ? added.value : { kind: "problem", problem: added.problem };
    }
    const put = (known: string | undefined) =>
      ask((api) => api.changeRule(id, { text, ...(known === undefined ? {} : { revision: known }) }));
    let result = await put(revision);
    // The revision is that of the file. When only its other rules changed, nobody's work is overwritten.
    for (let attempt = 0; attempt < 3 && !result.ok && result.problem.code === "changed"; attempt++) {
      const theirs = await ask((api) => api.ruleSource(id));
      if (!theirs.ok)
        return theirs.problem.status === 404
          ? { kind: "gone" }
          : { kind: "problem", problem: theirs.problem };
      // Saved before, only the answer was lost.
      if (theirs.value.text.trimEnd() === text.trimEnd()) return theirs.value;
      if (theirs.value.text !== this.#base) return { kind: "changed", theirs: theirs.value };
      result = await put(theirs.value.revision);
    }
    if (result.ok) return result.value;
    return result.problem.code === "unknown-rule"
      ? { kind: "gone" }
      : { kind: "problem", problem: result.problem };
  }

  #changed(behind: "text" | "document", change: Partial<DraftState>): void {
    this.#version++;
    this.#behind = behind;
    this.#set({ ...change, unsaved: true, saved: false });
    this.#soon();
  }

  #soon(): void {
    this.#cancel?.();
    this.#cancel = this.#parts.later(QUIET_MS, () => void this.settle());
  }

  /** Makes the text of the document, then has it checked. */
  async #render(version: number): Promise<ApiProblem | undefined> {
    const { document, text } = this.#state;
    const result = await this.#parts.ask((api) => api.renderRule(text, document));
    if (version !== this.#version) return undefined;
    if (!result.ok) return result.problem;
    // A new rule that nobody has touched yet begins from what is written for it.
    if (this.#id === undefined && !this.#state.unsaved) this.#base = result.value;
    this.#set({ text: result.value, unsaved: this.#state.unsaved && result.value !== this.#base });
    return this.#check(version);
  }

  async #check(version: number): Promise<ApiProblem | undefined> {
    const { text } = this.#state;
    const result = await this.#parts.ask((api) => api.checkRule(text, this.#id));
    if (version !== this.#version) return undefined;
    if (!result.ok) return result.problem;
    const { document, problems, warnings } = result.value;
    const ofText = this.#behind === "document";
    this.#behind = undefined;
    this.#set({
      problems,
      warnings,
      trouble: undefined,
      unsaved: this.#state.unsaved && text !== this.#base,
      ...(ofText ? { document: isPart(document) ? document : undefined } : {}),
    });
    return undefined;
  }

  /** Remembers what the gateway keeps. */
  #keep(source: RuleSourceView): void {
    this.#base = source.text;
    this.#revision = source.revision;
  }

  #set(change: Partial<DraftState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of [...this.#listeners]) listener();
  }
}

/** The refusal names places; their lines are known from the check before it, where it found the same. */
function withLines(
  errors: ApiProblem["errors"],
  known: readonly RuleProblemView[],
): readonly RuleProblemView[] {
  return errors.map((error) => known.find(({ path }) => path === error.path) ?? error);
}
