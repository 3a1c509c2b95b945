import type { Rule } from "../rule.ts";
import { answersCommandsRule, rejectsUnknownRule } from "./commands.ts";
import { configSchemaRule, definitionRule, sessionShapeRule } from "./definition.ts";
import { survivesRefusalRule } from "./faults.ts";
import { abortsOpenRule, letsGoRule, opensAgainRule } from "./life.ts";
import { announcesFirstRule, crossesProcessesRule, eventsFitRule, readingsFitRule } from "./reporting.ts";
import { gatewayClockRule } from "./time.ts";

/** Everything that a module must do, in the order in which it is best mended. */
export const RULES: readonly Rule[] = [
  definitionRule,
  configSchemaRule,
  sessionShapeRule,
  announcesFirstRule,
  readingsFitRule,
  eventsFitRule,
  crossesProcessesRule,
  gatewayClockRule,
  rejectsUnknownRule,
  answersCommandsRule,
  survivesRefusalRule,
  abortsOpenRule,
  letsGoRule,
  opensAgainRule,
];
