import { useEffect } from "react";
import { askBeforeLeaving, mayLeave } from "../shell/leaving.ts";

/** Asks before changes that are not saved are left: by a link of the page, by the browser's buttons, by closing. */
export function useUnsavedGuard(unsaved: boolean, question: string): void {
  useEffect(() => {
    if (!unsaved) return;
    const done = askBeforeLeaving(() => confirm(question));
    const close = (event: BeforeUnloadEvent): void => event.preventDefault();
    const follow = (event: MouseEvent): void => {
      const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
      if (link === null || link.getAttribute("href")?.startsWith("#") === true) return;
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // Into another tab: this one stays.
      if (mayLeave()) return;
      event.preventDefault();
      event.stopPropagation();
    };
    addEventListener("beforeunload", close);
    // Before the router's own listener on the link.
    document.addEventListener("click", follow, true);
    return () => {
      done();
      removeEventListener("beforeunload", close);
      document.removeEventListener("click", follow, true);
    };
  }, [unsaved, question]);
}
