import { RuleRunAnswer, RuleRunRequest } from "@tram/protocol";
import type { Control } from "@tram/rules";
import type { RunAnswer } from "../rules/rule-house.ts";
import { problem, type Route, type RouteRequest } from "./route.ts";

/** Lets a person take a hand in what the rules do. */
export interface RuleHand {
  control(id: string, control: Control): Promise<RunAnswer | undefined>;
  isActive(id: string): boolean;
}

const ID = { id: "Id of the rule." };
const NO_RULE = { 404: "No such rule, or one that is broken." };

const WORDS = [
  {
    word: "cancel",
    operationId: "cancelRule",
    summary: "End the runs of a rule that are under way, where they are",
  },
  { word: "resume", operationId: "resumeRule", summary: "End a pause that a guard made" },
  {
    word: "enable",
    operationId: "enableRule",
    summary:
      "Let a rule run, whatever its file says, until the file says something new; survives restarts. The file stays: `PUT …/enabled` changes that.",
  },
  {
    word: "disable",
    operationId: "disableRule",
    summary: "Keep a rule from running, in the same way; runs in flight finish",
  },
] as const;

/** What people do with rules by hand, without changing a file. */
export function ruleControlRoutes(hand: RuleHand): readonly Route[] {
  return [
    {
      method: "post",
      path: "/api/v1/rules/{id}/run",
      operationId: "runRule",
      summary: "Run a rule now, if its conditions hold",
      tag: "Rules",
      scope: "control",
      params: ID,
      body: RuleRunRequest,
      answer: { status: 200, description: "What the rule did about it.", schema: RuleRunAnswer },
      problems: { ...NO_RULE, 409: "The rule is disabled." },
      handle: async (request) => {
        const id = request.params.id ?? "";
        const { unconditionally, variables } = (request.body ?? {}) as unknown as RuleRunRequest;
        // Asked before: the rule may switch itself off.
        const active = hand.isActive(id);
        const answer = await hand.control(id, {
          do: "run",
          by: byOf(request),
          ...(unconditionally === undefined ? {} : { unconditionally }),
          ...(variables === undefined ? {} : { variables }),
        });
        if (answer === undefined) return noRule(id);
        if (!active) return problem(409, "disabled", `The rule ${id} is disabled.`);
        return { status: 200, body: answer };
      },
    },
    ...WORDS.map(
      ({ operationId, summary, word }): Route => ({
        method: "post",
        path: `/api/v1/rules/{id}/${word}`,
        operationId,
        summary,
        tag: "Rules",
        scope: "control",
        params: ID,
        answer: { status: 204, description: "Done." },
        problems: NO_RULE,
        handle: async (request) => {
          const id = request.params.id ?? "";
          const answer = await hand.control(id, { do: word, by: byOf(request) });
          return answer === undefined ? noRule(id) : { status: 204 };
        },
      }),
    ),
  ];
}

function byOf({ principal }: RouteRequest): string {
  return `api:${principal?.name ?? "nobody"}`;
}

function noRule(id: string): ReturnType<typeof problem> {
  return problem(404, "unknown-rule", `There is no rule ${id} that could run.`);
}
