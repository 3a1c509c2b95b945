import { type Static, Type } from "typebox";
import type { Json } from "../json.ts";
import { VARIABLE_PATTERN } from "../rule/parts.ts";

/**
 * Editing rules one at a time. `text` is always the YAML of one rule as a map (`id: …`), without the dash of the list
 * that its file is; comments and order are the author's and stay as they are.
 */

/** Characters that the text of one rule may have. */
export const MAX_RULE_TEXT = 65_536;

const RuleYaml = Type.String({ maxLength: MAX_RULE_TEXT, description: "The rule as YAML: a map with `id`." });
const Document = Type.Unknown({ description: "The rule as JSON, as the rule schema describes it." });
const Revision = Type.String({
  maxLength: 64,
  description:
    "Names the state of the rule's file that was read. A change is refused when it is another now.",
});

/** What is wrong or doubtful at one place of a rule. */
export const RuleProblemView = Type.Object({
  path: Type.String({ description: "Place inside the rule: `triggers[0].numeric.property`." }),
  problem: Type.String(),
  line: Type.Optional(Type.Integer({ description: "Line of the text, from 1, where it could be found." })),
});
export type RuleProblemView = Static<typeof RuleProblemView>;

/** One rule as its author wrote it. */
export const RuleSourceView = Type.Object({
  id: Type.String(),
  file: Type.String({ description: "File name below the rules folder." }),
  text: RuleYaml,
  revision: Revision,
  document: Type.Optional(Document),
  problems: Type.Array(RuleProblemView),
  warnings: Type.Array(RuleProblemView),
});
export type RuleSourceView = Static<typeof RuleSourceView>;

export const RuleChange = Type.Object(
  { text: RuleYaml, revision: Type.Optional(Revision) },
  { additionalProperties: false },
);
export type RuleChange = Static<typeof RuleChange>;

/** File names as the rules folder has them: no path, no hidden file, no test. */
export const RULE_FILE_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}\\.ya?ml$";

export const NewRule = Type.Object(
  {
    text: RuleYaml,
    file: Type.Optional(
      Type.String({
        pattern: RULE_FILE_PATTERN,
        default: "rules.yaml",
        description: "Where to add it. The file is made when it is not there.",
      }),
    ),
  },
  { additionalProperties: false },
);
export type NewRule = Static<typeof NewRule>;

export const RuleSwitch = Type.Object({ enabled: Type.Boolean() }, { additionalProperties: false });
export type RuleSwitch = Static<typeof RuleSwitch>;

export const RuleCheckRequest = Type.Object(
  {
    text: RuleYaml,
    id: Type.Optional(
      Type.String({ maxLength: 64, description: "Id of the rule that this text would replace." }),
    ),
  },
  { additionalProperties: false },
);
export type RuleCheckRequest = Static<typeof RuleCheckRequest>;

export const RuleCheckView = Type.Object({
  id: Type.Optional(Type.String()),
  document: Type.Optional(Document),
  problems: Type.Array(RuleProblemView),
  warnings: Type.Array(RuleProblemView),
});
export type RuleCheckView = Static<typeof RuleCheckView>;

/** Brings a changed document into a text: what did not change keeps its comments, order and spelling. */
export const RuleRenderRequest = Type.Object(
  { text: RuleYaml, document: Document },
  { additionalProperties: false },
);
export type RuleRenderRequest = Static<typeof RuleRenderRequest>;

export const RuleTextView = Type.Object({ text: RuleYaml });
export type RuleTextView = Static<typeof RuleTextView>;

/** A whole rule file: the way to mend one that cannot be read as a list of rules. */
export const RuleFileView = Type.Object({
  file: Type.String(),
  text: Type.String(),
  revision: Revision,
});
export type RuleFileView = Static<typeof RuleFileView>;

export const RuleFileChange = Type.Object(
  { text: Type.String({ maxLength: 262_144 }), revision: Type.Optional(Revision) },
  { additionalProperties: false },
);
export type RuleFileChange = Static<typeof RuleFileChange>;

/** Runs a rule by hand. */
export const RuleRunRequest = Type.Union([
  Type.Null(),
  Type.Object(
    {
      variables: Type.Optional(
        Type.Record(Type.String({ pattern: VARIABLE_PATTERN }), Type.Unsafe<Json>(Type.Unknown()), {
          description: "Instead of those of the rule.",
        }),
      ),
      unconditionally: Type.Optional(
        Type.Boolean({ default: false, description: "Do not ask the conditions." }),
      ),
    },
    { additionalProperties: false },
  ),
]);
export type RuleRunRequest = Exclude<Static<typeof RuleRunRequest>, null>;

export const RuleRunAnswer = Type.Object({
  outcome: Type.String({
    description: "`fired`, `condition-false`, `mode-dropped` or `paused`, as in the traces.",
  }),
  run: Type.Optional(Type.String({ description: "Id of the run that began." })),
  detail: Type.Optional(Type.String()),
});
export type RuleRunAnswer = Static<typeof RuleRunAnswer>;
