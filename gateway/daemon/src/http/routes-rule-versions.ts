import {
  RULE_FILE_PATTERN,
  RuleDiffView,
  RuleFileView,
  RuleRollback,
  RuleSourceView,
  RuleVersionsView,
  RuleVersionTextView,
} from "@tram/protocol";
import type { Edited } from "../rules/edit-refusal.ts";
import type { RuleEditor } from "../rules/rule-editor.ts";
import { diffOfVersion, textOfVersion } from "../rules/rule-past.ts";
import type { RuleVersions } from "../rules/rule-versions.ts";
import { problem, type Route, type RouteReply, type RouteRequest } from "./route.ts";
import { contextOf, noRule, refused } from "./routes-rules.ts";

/** So many versions are given out at once, at most. */
const MOST = 500;
const VERSION = { version: "Number of the version." };
const RULE = { rule: "Id of a rule: only that rule instead of its whole file." };
const NO_VERSION = { 404: "No such version, or the rule is not in it." };
const PAGING = {
  before: "Only versions older than this one.",
  limit: `So many of the newest, at most ${MOST} (default: ${MOST}).`,
};
const ROLLBACK = {
  404: "No such version, or what is to be rolled back is not in it.",
  409: "Somebody changed the file meanwhile, or it is no list of rules.",
  422: "As it was then it would not run now: `errors` name the places. Nothing was changed.",
  503: "The rules folder cannot be written. Nothing was changed.",
};

/** What the rules were before, who changed them, and the way back. */
export function ruleVersionRoutes(
  versions: RuleVersions,
  editor: RuleEditor,
  isThere: (rule: string) => boolean,
): readonly Route[] {
  const list = (request: RouteRequest, rule?: string): RouteReply => {
    const { file } = request.query;
    const before = positive(request.query.before);
    const limit = positive(request.query.limit);
    if (before === "wrong" || limit === "wrong") return WRONG_NUMBER;
    const found = versions.list({ rule, file, before, limit: Math.min(limit ?? MOST, MOST) });
    // Of a rule that is there all versions may have made room for others.
    const known = rule === undefined || versions.ofRule(rule) !== undefined || isThere(rule);
    if (!known) return noRule(rule);
    return { status: 200, body: { versions: found } };
  };
  return [
    {
      method: "get",
      path: "/api/v1/rules/{id}/versions",
      operationId: "getRuleVersions",
      summary: "The versions in which a rule changed, also one that was removed",
      tag: "Rules",
      scope: "read",
      params: { id: "Id of the rule." },
      query: PAGING,
      answer: { status: 200, description: "The newest first.", schema: RuleVersionsView },
      problems: { 404: "No such rule, now or then." },
      handle: (request) => list(request, request.params.id ?? ""),
    },
    {
      method: "get",
      path: "/api/v1/rule-versions",
      operationId: "listRuleVersions",
      summary: "Every change of the rule files, whoever made it",
      tag: "Rules",
      scope: "read",
      query: { file: "Only of this file.", ...PAGING },
      answer: { status: 200, description: "The newest first.", schema: RuleVersionsView },
      handle: (request) => list(request),
    },
    {
      method: "get",
      path: "/api/v1/rule-versions/{version}",
      operationId: "getRuleVersion",
      summary: "What a rule, or a whole file, was in a version",
      tag: "Rules",
      scope: "read",
      params: VERSION,
      query: RULE,
      answer: { status: 200, description: "Version and text.", schema: RuleVersionTextView },
      problems: NO_VERSION,
      handle: async ({ params, query: { rule } }) => {
        const version = positive(params.version);
        if (typeof version !== "number") return WRONG_NUMBER;
        return reply(await textOfVersion(versions, { version, rule }));
      },
    },
    {
      method: "get",
      path: "/api/v1/rule-versions/{version}/diff",
      operationId: "getRuleVersionDiff",
      summary: "What a version changed, or how it differs from another",
      tag: "Rules",
      scope: "read",
      params: VERSION,
      query: { before: "The version to compare with (default: the one before).", ...RULE },
      answer: { status: 200, description: "A unified diff.", schema: RuleDiffView },
      problems: NO_VERSION,
      handle: async ({ params, query }) => {
        const version = positive(params.version);
        const before = positive(query.before);
        if (typeof version !== "number" || before === "wrong") return WRONG_NUMBER;
        return reply(await diffOfVersion(versions, { version, before, rule: query.rule }));
      },
    },
    {
      method: "post",
      path: "/api/v1/rules/{id}/rollback",
      operationId: "rollBackRule",
      summary: "Make a rule what it was in a version, also one that was removed since",
      tag: "Rules",
      scope: "admin",
      params: { id: "Id of the rule." },
      body: RuleRollback,
      answer: { status: 200, description: "The rule as it is kept.", schema: RuleSourceView },
      problems: ROLLBACK,
      handle: async (request) => {
        const { revision, version } = request.body as unknown as RuleRollback;
        const context = { ...contextOf(request), revision };
        return reply(await editor.rollBack(request.params.id ?? "", version, context));
      },
    },
    {
      method: "post",
      path: "/api/v1/rule-files/{file}/rollback",
      operationId: "rollBackRuleFile",
      summary: "Make a whole rule file what it was in a version, also one that was removed since",
      tag: "Rules",
      scope: "admin",
      params: { file: "File name below the rules folder." },
      body: RuleRollback,
      answer: { status: 200, description: "The file as it is kept.", schema: RuleFileView },
      problems: { ...ROLLBACK, 409: "Somebody changed the file meanwhile, or it was no list of rules then." },
      handle: async (request) => {
        const { file = "" } = request.params;
        const { revision, version } = request.body as unknown as RuleRollback;
        if (!new RegExp(RULE_FILE_PATTERN).test(file)) {
          return problem(404, "unknown-file", "There is no such rule file.");
        }
        return reply(await editor.rollBackFile(file, version, { ...contextOf(request), revision }));
      },
    },
  ];
}

const WRONG_NUMBER = problem(400, "bad-request", "expected a whole number above 0");

function positive(text: string | undefined): number | undefined | "wrong" {
  if (text === undefined) return undefined;
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : "wrong";
}

function reply<T>(result: Edited<T>): RouteReply {
  return result.ok ? { status: 200, body: result.value } : refused(result.refusal);
}
