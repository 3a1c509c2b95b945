import type { RuleCheckView, RuleProblemView, RuleSourceView } from "@tram/protocol";
import { useCallback, useEffect, useRef, useState } from "react";
import type { ApiProblem } from "../api/client.ts";
import { useApi } from "../api/use-api.ts";
import { EMPTY_RULE, isPart, type RuleDocument } from "./document.ts";

/** The gateway is asked when nobody has typed for this long. In milliseconds. */
const QUIET_MS = 350;

export interface Draft {
  /** Undefined while the text cannot be read as a rule. */
  readonly document: RuleDocument | undefined;
  readonly text: string;
  readonly problems: readonly RuleProblemView[];
  readonly warnings: readonly RuleProblemView[];
  readonly revision: string | undefined;
  readonly file: string | undefined;
}

export type Loading =
  | { readonly state: "loading" }
  | { readonly state: "failed"; readonly problem: ApiProblem }
  | { readonly state: "loaded" };

const EMPTY_DRAFT: Draft = {
  document: EMPTY_RULE,
  text: "",
  problems: [],
  warnings: [],
  revision: undefined,
  file: undefined,
};

/**
 * A rule being edited: as a document by the form, as a text by hand. Whichever was changed last is the truth; the gateway
 * makes the other of it, so that comments stay where they are.
 * @param id of the rule; undefined for a new one.
 */
export function useRuleDraft(id: string | undefined) {
  const ask = useApi();
  const [loading, setLoading] = useState<Loading>({ state: id === undefined ? "loaded" : "loading" });
  const [draft, setDraft] = useState<Draft>(EMPTY_DRAFT);
  const [unsaved, setUnsaved] = useState(false);
  const latest = useRef(draft);
  latest.current = draft;
  /** Counts the changes: an answer to an older one is worth nothing. */
  const change = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const take = useCallback((source: RuleSourceView) => {
    change.current += 1;
    setUnsaved(false);
    setLoading({ state: "loaded" });
    setDraft({
      document: isPart(source.document) ? source.document : undefined,
      text: source.text,
      problems: source.problems,
      warnings: source.warnings,
      revision: source.revision,
      file: source.file,
    });
  }, []);

  const load = useCallback(async () => {
    if (id === undefined) return;
    const result = await ask((api) => api.ruleSource(id));
    if (result.ok) take(result.value);
    else setLoading({ state: "failed", problem: result.problem });
  }, [ask, id, take]);

  useEffect(() => {
    void load();
    return () => clearTimeout(timer.current);
  }, [load]);

  /** The text that says the document; undefined when the gateway could not make it. */
  const rendered = useCallback(
    async (document: RuleDocument): Promise<string | undefined> => {
      const before = latest.current.text;
      const result = await ask((api) => api.renderRule(before, document));
      if (result.ok) return result.value;
      // The old text is of no use (somebody broke it by hand): begin a new one.
      const fresh = await ask((api) => api.renderRule("", document));
      return fresh.ok ? fresh.value : undefined;
    },
    [ask],
  );

  const checked = useCallback(
    async (text: string): Promise<RuleCheckView | undefined> => {
      const result = await ask((api) => api.checkRule(text, id));
      return result.ok ? result.value : undefined;
    },
    [ask, id],
  );

  const later = useCallback((work: (isLatest: () => boolean) => Promise<void>) => {
    const mine = ++change.current;
    setUnsaved(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => void work(() => change.current === mine), QUIET_MS);
  }, []);

  const changeDocument = useCallback(
    (document: RuleDocument) => {
      setDraft((before) => ({ ...before, document }));
      later(async (isLatest) => {
        const text = await rendered(document);
        if (text === undefined || !isLatest()) return;
        setDraft((before) => ({ ...before, text }));
        const check = await checked(text);
        if (check === undefined || !isLatest()) return;
        setDraft((before) => ({ ...before, problems: check.problems, warnings: check.warnings }));
      });
    },
    [checked, later, rendered],
  );

  const changeText = useCallback(
    (text: string) => {
      setDraft((before) => ({ ...before, text }));
      later(async (isLatest) => {
        const check = await checked(text);
        if (check === undefined || !isLatest()) return;
        const { document, problems, warnings } = check;
        setDraft((before) => ({
          ...before,
          problems,
          warnings,
          document: isPart(document) ? document : undefined,
        }));
      });
    },
    [checked, later],
  );

  /** The text as it is to be saved: what the form says now is in it. */
  const settle = useCallback(
    async (by: "form" | "text"): Promise<string | undefined> => {
      clearTimeout(timer.current);
      const { document, text } = latest.current;
      return by === "form" && document !== undefined ? rendered(document) : text;
    },
    [rendered],
  );

  return { loading, draft, unsaved, load, take, changeDocument, changeText, settle };
}
