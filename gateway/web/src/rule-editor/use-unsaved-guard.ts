import { useEffect } from "react";

/** Asks before changes that are not saved are left: by a link of the page, by the browser's buttons, by closing. */
export function useUnsavedGuard(unsaved: boolean, question: string): void {
  useEffect(() => {
    if (!unsaved) return;
    const leave = (event: BeforeUnloadEvent): void => event.preventDefault();
    const follow = (event: MouseEvent): void => {
      const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
      if (link === null || link.getAttribute("href")?.startsWith("#") === true) return;
      if (confirm(question)) return;
      event.preventDefault();
      event.stopPropagation();
    };
    addEventListener("beforeunload", leave);
    // Before the router's own listener on the link.
    document.addEventListener("click", follow, true);
    return () => {
      removeEventListener("beforeunload", leave);
      document.removeEventListener("click", follow, true);
    };
  }, [unsaved, question]);
}
