import { useEffect, useState } from "react";

const FIRST = 24;
const STEP = 24;

/**
 * How many items of a long list to render now: a screenful at once, then some more each frame, so that a thousand
 * never block the page.
 */
export function useGrowing(total: number): number {
  const [count, setCount] = useState(FIRST);
  useEffect(() => {
    if (count > total) setCount(Math.max(total, FIRST));
    if (count >= total) return;
    const frame = requestAnimationFrame(() => setCount(count + STEP));
    return () => cancelAnimationFrame(frame);
  }, [count, total]);
  return Math.min(count, total);
}
