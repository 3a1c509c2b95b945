import { useEffect, useState, useSyncExternalStore } from "react";
import { useApi } from "../api/use-api.ts";
import { later } from "../live/later.ts";
import { type DraftState, RuleDraft } from "./rule-draft.ts";

/** The draft of a rule that has just got its id: the page at its new address goes on with it. */
let handed: RuleDraft | undefined;

export function handOver(draft: RuleDraft): void {
  handed = draft;
}

function receive(id: string | undefined): RuleDraft | undefined {
  const draft = handed;
  handed = undefined;
  return draft !== undefined && id !== undefined && draft.id === id ? draft : undefined;
}

/** @param id of the rule; undefined for a new one. It must not change while the page is shown. */
export function useRuleDraft(id: string | undefined): readonly [draft: RuleDraft, state: DraftState] {
  const ask = useApi();
  const [draft] = useState(() => receive(id) ?? new RuleDraft(id, { ask, later }));
  const state = useSyncExternalStore(
    (listener) => draft.subscribe(listener),
    () => draft.state,
  );
  useEffect(() => void draft.load(), [draft]);
  return [draft, state];
}
