import type { ReactNode } from "react";

/** Cannot occur in a message. */
const MARK = "\u0000";

interface Props {
  /** Writes the text with the given slot value. */
  readonly text: (slot: string) => string;
  readonly children: ReactNode;
}

/** A translated text with an element in one of its slots, wherever the language puts it. */
export function SlotText({ text, children }: Props) {
  const [before, after] = text(MARK).split(MARK);
  return (
    <>
      {before}
      {children}
      {after}
    </>
  );
}
