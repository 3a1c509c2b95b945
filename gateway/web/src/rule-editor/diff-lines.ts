export interface DiffLine {
  readonly kind: "same" | "added" | "removed" | "place";
  /** Without its sign. */
  readonly text: string;
}

/** The lines of a unified diff, without its head, which names what the page names already. */
export function diffLines(diff: string): readonly DiffLine[] {
  const lines = diff.split("\n").slice(2, -1);
  return lines.map((line) => {
    const kind = line.startsWith("+")
      ? "added"
      : line.startsWith("-")
        ? "removed"
        : line.startsWith("@@") || line.startsWith("\\")
          ? "place"
          : "same";
    return { kind, text: kind === "place" ? line : line.slice(1) };
  });
}
