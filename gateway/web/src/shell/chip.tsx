import type { ReactNode } from "react";

/** What a colour means here. It never stands alone: the text says the same. */
export type Tone = "good" | "info" | "warn" | "bad" | "plain";

export function Chip({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <span className="chip" data-tone={tone}>
      {children}
    </span>
  );
}
