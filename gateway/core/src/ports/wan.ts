/** How the gateway reaches the Internet, as far as it costs. */
export interface WanState {
  /** `metered`: each byte is paid for. `unknown`: nobody has said, and it may be. */
  readonly state: "metered" | "unmetered" | "unknown";
  /** Calls `listener` after `state` has changed. */
  onChange(listener: () => void): Disposable;
}
