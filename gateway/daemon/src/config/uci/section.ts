/** The value of an option: the text of `option`, or the texts of `list`. Never the empty text: that is no option. */
export type UciValue = string | readonly string[];

/** A section of a UCI file. */
export interface UciSection {
  readonly type: string;
  /** Absent: anonymous. */
  readonly name?: string;
  readonly options: ReadonlyMap<string, UciValue>;
}

/** Names of sections and options: letters, digits and `_`, so that shells can use them. */
export const UCI_NAME = /^[A-Za-z0-9_]+$/;
/** Types of sections: printable ASCII. */
export const UCI_TYPE = /^[!-~]+$/;

/** What is read of a UCI file, and no more. */
export const UCI_LIMITS = {
  /** As much as of a YAML file. */
  bytes: 1_048_576,
  sections: 4_096,
  /** Options and list entries of the whole file. */
  values: 65_536,
  /** Characters of a name or a type. */
  nameCharacters: 128,
  /** Problems that are told; who has more has another kind of file. */
  problems: 100,
} as const;

/**
 * A name or a type as it may be shown. Where a quote is missing, what should be a name is the rest of the file, and the
 * passwords in it: only as much is shown as looks like a name.
 */
export function shownName(text: string): string {
  const start = /^[A-Za-z0-9_.-]{0,60}/.exec(text)?.[0] ?? "";
  return `"${start}${start.length < text.length ? "…" : ""}"`;
}
