import { createContext, type RefObject, useEffect, useState } from "react";

/** True where the surroundings are near the visible part of the page; what is far away need not tick. */
export const NearContext = createContext(true);

/** How many elements may come near in one frame: their content is made then, and a fast scroll brings dozens. */
const ARRIVALS_A_FRAME = 6;

const listeners = new WeakMap<Element, (near: boolean) => void>();
/** Elements that came near and have not been told; in the order of their coming. */
const arrivals = new Set<Element>();
let observer: IntersectionObserver | undefined;
let frame: number | undefined;

function shared(): IntersectionObserver {
  observer ??= new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) arrivals.add(target);
        // What went away again before it was told needs not be told at all.
        else if (!arrivals.delete(target)) listeners.get(target)?.(false);
      }
      welcome();
    },
    { rootMargin: "600px 0px" },
  );
  return observer;
}

function welcome(): void {
  if (frame !== undefined || arrivals.size === 0) return;
  frame = requestAnimationFrame(() => {
    frame = undefined;
    for (const target of [...arrivals].slice(0, ARRIVALS_A_FRAME)) {
      arrivals.delete(target);
      listeners.get(target)?.(true);
    }
    welcome();
  });
}

/**
 * Tells whether an element is near the visible part of the page, and whether it ever was. One observer serves all.
 */
export function useNear(element: RefObject<Element | null>): {
  readonly near: boolean;
  readonly seen: boolean;
} {
  const [state, setState] = useState({ near: false, seen: false });
  useEffect(() => {
    const target = element.current;
    if (target === null) return;
    listeners.set(target, (near) => {
      setState((before) => (before.near === near ? before : { near, seen: near || before.seen }));
    });
    shared().observe(target);
    return () => {
      shared().unobserve(target);
      arrivals.delete(target);
      listeners.delete(target);
    };
  }, [element]);
  return state;
}
