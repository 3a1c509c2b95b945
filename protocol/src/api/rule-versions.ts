import { type Static, Type } from "typebox";

/**
 * What the rule files were before. A version is one change of one file; versions are numbered through the house, so
 * that a number alone names one.
 */

const Ids = Type.Optional(Type.Array(Type.String()));

export const RuleChangesView = Type.Object(
  {
    added: Ids,
    changed: Ids,
    enabled: Ids,
    disabled: Ids,
    reworded: Type.Optional(
      Type.Array(Type.String(), {
        description: "They act as before: their title, comments or spelling changed.",
      }),
    ),
    removed: Ids,
  },
  { description: "Rules by what was done with them." },
);
export type RuleChangesView = Static<typeof RuleChangesView>;

export const RuleVersionView = Type.Object({
  version: Type.Integer({ minimum: 1 }),
  file: Type.String({ description: "File name below the rules folder." }),
  time: Type.String({ format: "date-time" }),
  clock: Type.Enum(["untrusted", "holdover", "synced"], {
    description: "Whether the time could be believed.",
  }),
  by: Type.String({ description: "Who made it; `file` for a change that was found on the disk." }),
  note: Type.Optional(Type.String({ description: "`rolled back to 7`" })),
  changes: RuleChangesView,
  broken: Type.Optional(Type.String({ description: "Why the file could not be read as a list of rules." })),
  unsound: Type.Optional(
    Type.Array(Type.String(), { description: "Rules that could not run as they were written." }),
  ),
  gone: Type.Optional(Type.Literal(true, { description: "The file was removed." })),
  noText: Type.Optional(Type.Literal(true, { description: "The text was too large to be kept." })),
  current: Type.Optional(Type.Literal(true, { description: "The file is so now." })),
});
export type RuleVersionView = Static<typeof RuleVersionView>;

export const RuleVersionsView = Type.Object({
  versions: Type.Array(RuleVersionView, { description: "The newest first." }),
});
export type RuleVersionsView = Static<typeof RuleVersionsView>;

export const RuleVersionTextView = Type.Object({
  version: RuleVersionView,
  text: Type.String({ description: "Of the file, or of the rule that was asked for." }),
});
export type RuleVersionTextView = Static<typeof RuleVersionTextView>;

export const RuleDiffView = Type.Object({
  before: Type.Integer({ minimum: 0, description: "0 for nothing: there was none before." }),
  after: Type.Integer({ minimum: 1 }),
  diff: Type.String({ description: "A unified diff, as `diff -u` writes it; empty when both say the same." }),
});
export type RuleDiffView = Static<typeof RuleDiffView>;

export const RuleRollback = Type.Object(
  {
    version: Type.Integer({ minimum: 1 }),
    revision: Type.Optional(
      Type.String({
        maxLength: 64,
        description: "Of the file, as it was read. Refused when it is another now.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type RuleRollback = Static<typeof RuleRollback>;
