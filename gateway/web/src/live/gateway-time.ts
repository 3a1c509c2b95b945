/**
 * The gateway's wall clock as seen from here. Ages are counted on it, because the readings are stamped with it and
 * this device's clock may say something else.
 */
export interface GatewayTime {
  /** Milliseconds since 1970 on the gateway's clock. */
  now(): number;
  /** Takes over what the gateway said its time is. */
  set(iso: string): void;
  /** Calls `listener` once a second while anybody listens; returns what ends it. */
  subscribe(listener: () => void): () => void;
}

export interface GatewayTimeParts {
  /** Monotonic, in milliseconds. */
  readonly monotonic: () => number;
  /** This device's wall clock, in milliseconds since 1970; counts until the gateway has said its own. */
  readonly wall: () => number;
  /** Calls `run` each `periodMs`; returns what ends it. */
  readonly every: (periodMs: number, run: () => void) => () => void;
}

export function createGatewayTime(parts: GatewayTimeParts): GatewayTime {
  let anchor: { readonly wall: number; readonly monotonic: number } | undefined;
  let stop: (() => void) | undefined;
  const listeners = new Set<() => void>();
  return {
    now: () => (anchor === undefined ? parts.wall() : anchor.wall + parts.monotonic() - anchor.monotonic),
    set(iso) {
      const wall = Date.parse(iso);
      if (!Number.isNaN(wall)) anchor = { wall, monotonic: parts.monotonic() };
    },
    subscribe(listener) {
      listeners.add(listener);
      stop ??= parts.every(1_000, () => {
        for (const each of listeners) each();
      });
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        stop?.();
        stop = undefined;
      };
    },
  };
}
