/** Asks whether what is shown may be left; there is one question at a time. */
let question: (() => boolean) | undefined;
/** Where the question was raised. */
let place: { readonly href: string; readonly pathname: string; readonly state: unknown } | undefined;

/**
 * Has people asked before they leave this page by the page's own means.
 * @param ask true when they may go.
 * @returns what ends it.
 */
export function askBeforeLeaving(ask: () => boolean): () => void {
  question = ask;
  place = { href: location.href, pathname: location.pathname, state: history.state };
  return () => {
    if (question === ask) question = undefined;
  };
}

/** False when somebody was asked and stays. */
export function mayLeave(): boolean {
  return question?.() ?? true;
}

/**
 * Watches the browser's own buttons. Call it before the router begins to listen: browsers call the listeners of `popstate`
 * in the order in which they came, whatever their phase, and the router must not hear of a journey that is taken back.
 */
export function watchTravel(): void {
  addEventListener("popstate", (event) => {
    if (place === undefined || location.pathname === place.pathname || mayLeave()) return;
    // The browser has gone already: back to where the router believes to be.
    event.stopImmediatePropagation();
    history.pushState(place.state, "", place.href);
  });
}
