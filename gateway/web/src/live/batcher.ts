import type { Change } from "@tram/protocol";

export interface BatcherParts {
  /** Asks for one call before the next frame is drawn. */
  readonly frame: (run: () => void) => void;
  /** Asks for one call after a delay in milliseconds; returns what cancels it. */
  readonly later: (delayMs: number, run: () => void) => () => void;
  readonly apply: (changes: Change[]) => void;
}

export interface Batcher {
  push(changes: readonly Change[]): void;
  /** Forgets what waits: a snapshot has replaced it. */
  clear(): void;
}

/** A hidden tab draws no frames; its changes are applied after this time. In milliseconds. */
const HIDDEN_TAB_MS = 1_000;

/** Gathers changes and applies them once a frame, so that 50 updates a second cost one rendering each frame. */
export function createBatcher(parts: BatcherParts): Batcher {
  let waiting: Change[] = [];
  let scheduled = false;
  let cancelLater: (() => void) | undefined;

  function flush(): void {
    if (!scheduled) return;
    scheduled = false;
    cancelLater?.();
    const changes = waiting;
    waiting = [];
    if (changes.length > 0) parts.apply(changes);
  }

  return {
    push(changes) {
      waiting.push(...changes);
      if (scheduled) return;
      scheduled = true;
      parts.frame(flush);
      cancelLater = parts.later(HIDDEN_TAB_MS, flush);
    },
    clear() {
      waiting = [];
    },
  };
}
