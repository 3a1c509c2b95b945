/** What the orchestrator and the load process say to each other over the IPC channel. Times in milliseconds. */
export type ToLoad =
  /** Connect everybody and describe every device. */
  | { readonly kind: "enter"; readonly port: number }
  /** Report so many readings a second for `warmUpMs`, then for `measureMs` while it counts. */
  | {
      readonly kind: "report";
      readonly perSecond: number;
      readonly warmUpMs: number;
      readonly measureMs: number;
    }
  | { readonly kind: "leave" };

export type FromLoad =
  | { readonly kind: "entered" }
  | { readonly kind: "window-opens" }
  | { readonly kind: "window-closes" }
  | { readonly kind: "result"; readonly result: LoadResult }
  | { readonly kind: "failed"; readonly reason: string };

export interface LoadResult {
  /** Readings sent in the window, and those of them that were acknowledged, also later. */
  readonly sent: number;
  readonly acknowledged: number;
  /** Length of the window as it was. */
  readonly windowMs: number;
  readonly crossings: number;
  /** Crossings without a command; commands without a crossing. */
  readonly missed: number;
  readonly unexpected: number;
  /** Reading sent → command received, for each crossing that was answered. */
  readonly commandMs: readonly number[];
  /** Reading sent → PUBACK received, at its 50th and 99th percentile. */
  readonly acknowledgedMs: { readonly p50: number; readonly p99: number };
  /** How late the load itself was. */
  readonly load: LoadHealth;
}

export interface LoadHealth {
  /** 99th percentile of the delay of the event loop. */
  readonly loopDelayP99Ms: number;
  /** 99th percentile of how much later than planned a reading was sent. */
  readonly lagP99Ms: number;
  /** Most readings that left in one turn of the event loop. */
  readonly largestBurst: number;
}
