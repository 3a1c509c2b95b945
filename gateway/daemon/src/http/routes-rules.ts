import {
  type EpochMs,
  NewRule,
  RULE_FILE_PATTERN,
  RuleChange,
  RuleCheckRequest,
  RuleCheckView,
  RuleFileChange,
  RuleFileView,
  RuleRenderRequest,
  RuleSourceView,
  RuleSwitch,
  RuleTextView,
  RuleView,
  TracesView,
  WhyView,
} from "@tram/protocol";
import { Type } from "typebox";
import type { EditRefusal } from "../rules/edit-refusal.ts";
import type { EditContext, RuleEditor } from "../rules/rule-editor.ts";
import { problem, type Route, type RouteReply, type RouteRequest } from "./route.ts";
import { type RuleHand, ruleControlRoutes } from "./routes-rule-control.ts";
import { timeOf } from "./time-parameter.ts";

/** The rules as they are now. */
export interface RuleViews {
  rules(): readonly RuleView[];
  rule(id: string): RuleView | undefined;
  /** Newest first. */
  traces(id: string, most?: number): TracesView | undefined;
  why(id: string, at?: EpochMs): Promise<WhyView | undefined>;
}

const MOST_TRACES = 10_000;
/** Answers about the past, which are played from the journal. */
const MOST_AT_ONCE = 2;
const ID = { id: "Id of the rule." };
const FILE = { file: "File name below the rules folder." };
const NO_RULE = { 404: "No such rule." };
const WRITING = {
  409: "Somebody changed the file meanwhile, or it is no list of rules.",
  422: "It is not a sound rule: `errors` name the places. Nothing was changed.",
  503: "The rules folder cannot be written. Nothing was changed.",
};

/** Rules: how they are, why they fired or did not, and how they are edited. */
export function ruleRoutes(views: RuleViews, editor: RuleEditor, hand: RuleHand): readonly Route[] {
  return [
    ...readingRoutes(views),
    ...draftRoutes(editor),
    ...editingRoutes(editor, hand),
    ...fileRoutes(editor),
    ...ruleControlRoutes(hand),
  ];
}

function readingRoutes(views: RuleViews): readonly Route[] {
  let asking = 0;
  return [
    {
      method: "get",
      path: "/api/v1/rules",
      operationId: "listRules",
      summary: "Rules with their state, problems and last trace",
      tag: "Rules",
      scope: "read",
      answer: {
        status: 200,
        description: "The rules.",
        schema: Type.Object({ rules: Type.Array(RuleView) }),
      },
      handle: () => ({ status: 200, body: { rules: views.rules() } }),
    },
    {
      method: "get",
      path: "/api/v1/rules/{id}",
      operationId: "getRule",
      summary: "One rule",
      tag: "Rules",
      scope: "read",
      params: ID,
      answer: { status: 200, description: "The rule.", schema: RuleView },
      problems: NO_RULE,
      handle: (request) => {
        const rule = views.rule(request.params.id ?? "");
        return rule === undefined ? noRule(request.params.id) : { status: 200, body: rule };
      },
    },
    {
      method: "get",
      path: "/api/v1/rules/{id}/traces",
      operationId: "getRuleTraces",
      summary: "Why the rule fired, or did not: its latest evaluations, newest first",
      tag: "Rules",
      scope: "read",
      params: ID,
      query: { limit: `So many lines at most, 1 to ${MOST_TRACES} (default 200).` },
      answer: { status: 200, description: "The traces.", schema: TracesView },
      problems: { ...NO_RULE, 400: "A parameter is not what it should be." },
      handle: ({ params, query }) => {
        const limit = query.limit === undefined ? undefined : Number(query.limit);
        if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= MOST_TRACES)) {
          return problem(
            400,
            "bad-parameter",
            `limit: expected 1 to ${MOST_TRACES}, found ${show(query.limit)}`,
          );
        }
        const traces = views.traces(params.id ?? "", limit);
        return traces === undefined ? noRule(params.id) : { status: 200, body: traces };
      },
    },
    {
      method: "get",
      path: "/api/v1/rules/{id}/why",
      operationId: "explainRule",
      summary:
        "Why the rule does not fire, or did not at a time: each trigger and condition, and what is not known",
      tag: "Rules",
      scope: "read",
      params: ID,
      query: { at: "A time that has passed, ISO 8601 with a zone. Default: now." },
      answer: { status: 200, description: "The answer.", schema: WhyView },
      problems: {
        ...NO_RULE,
        400: "The time is not what it should be.",
        429: "Others ask about the past already.",
      },
      handle: async ({ params, query }) => {
        const at = timeOf(query.at);
        if (Number.isNaN(at)) {
          const expected = "expected a time such as 2026-01-05T12:00:00Z";
          return problem(400, "bad-parameter", `at: ${expected}, found ${show(query.at)}`);
        }
        if (at !== undefined && asking >= MOST_AT_ONCE) {
          const detail = "Others ask about the past already. Ask again.";
          return { problem: { status: 429, code: "busy", detail, retryAfterS: 5 } };
        }
        if (at !== undefined) asking++;
        try {
          const why = await views.why(params.id ?? "", at);
          return why === undefined ? noRule(params.id) : { status: 200, body: why };
        } finally {
          if (at !== undefined) asking--;
        }
      },
    },
  ];
}

/** Nothing is kept by these: they help whoever writes a rule. */
function draftRoutes(editor: RuleEditor): readonly Route[] {
  return [
    {
      method: "post",
      path: "/api/v1/rules/check",
      operationId: "checkRule",
      summary: "Check the text of a rule against the language and the Things",
      tag: "Rules",
      scope: "read",
      body: RuleCheckRequest,
      answer: { status: 200, description: "What is wrong, if anything.", schema: RuleCheckView },
      handle: (request) => {
        const { text, id } = request.body as unknown as RuleCheckRequest;
        return { status: 200, body: editor.check(text, id) };
      },
    },
    {
      method: "post",
      path: "/api/v1/rules/render",
      operationId: "renderRule",
      summary: "Bring a changed document into the text of a rule; comments and order stay",
      tag: "Rules",
      scope: "read",
      body: RuleRenderRequest,
      answer: { status: 200, description: "The text that says the document.", schema: RuleTextView },
      problems: { 422: "The text is not a YAML map, or the document is too large." },
      handle: (request) => {
        const { text, document } = request.body as unknown as RuleRenderRequest;
        const result = editor.render(text, document);
        return result.ok ? { status: 200, body: { text: result.value } } : refused(result.refusal);
      },
    },
  ];
}

function editingRoutes(editor: RuleEditor, hand: RuleHand): readonly Route[] {
  return [
    {
      method: "post",
      path: "/api/v1/rules",
      operationId: "addRule",
      summary: "Add a rule",
      tag: "Rules",
      scope: "admin",
      body: NewRule,
      answer: { status: 201, description: "The rule as it is kept.", schema: RuleSourceView },
      problems: { ...WRITING, 409: "There is a rule with this id already." },
      handle: async (request) => {
        const { text, file } = request.body as unknown as NewRule;
        const result = await editor.add(text, { ...contextOf(request), file });
        if (!result.ok) return refused(result.refusal);
        const { id } = result.value;
        return { status: 201, body: result.value, headers: { Location: `/api/v1/rules/${id}` } };
      },
    },
    {
      method: "get",
      path: "/api/v1/rules/{id}/source",
      operationId: "getRuleSource",
      summary: "A rule as its author wrote it",
      tag: "Rules",
      scope: "read",
      params: ID,
      answer: { status: 200, description: "Text and document.", schema: RuleSourceView },
      problems: NO_RULE,
      handle: async (request) => {
        const result = await editor.source(request.params.id ?? "");
        return result.ok ? { status: 200, body: result.value } : refused(result.refusal);
      },
    },
    {
      method: "put",
      path: "/api/v1/rules/{id}/source",
      operationId: "changeRule",
      summary: "Change a rule; runs in flight go on as they began",
      tag: "Rules",
      scope: "admin",
      params: ID,
      body: RuleChange,
      answer: { status: 200, description: "The rule as it is kept.", schema: RuleSourceView },
      problems: { ...NO_RULE, ...WRITING },
      handle: async (request) => {
        const { text, revision } = request.body as unknown as RuleChange;
        const result = await editor.save(request.params.id ?? "", text, { ...contextOf(request), revision });
        return result.ok ? { status: 200, body: result.value } : refused(result.refusal);
      },
    },
    {
      method: "put",
      path: "/api/v1/rules/{id}/enabled",
      operationId: "switchRule",
      summary: "Switch a rule on or off in its file; what was switched by hand follows",
      tag: "Rules",
      scope: "admin",
      params: ID,
      body: RuleSwitch,
      answer: { status: 204, description: "Switched." },
      problems: { ...NO_RULE, ...WRITING },
      handle: async (request) => {
        const { enabled } = request.body as unknown as RuleSwitch;
        const context = contextOf(request);
        const id = request.params.id ?? "";
        const result = await editor.switch(id, enabled, context);
        if (!result.ok) return refused(result.refusal);
        // It may have been switched by hand against a file that said the same before.
        await hand.control(id, { do: enabled ? "enable" : "disable", by: `api:${context.by}` });
        return { status: 204 };
      },
    },
    {
      method: "delete",
      path: "/api/v1/rules/{id}",
      operationId: "removeRule",
      summary: "Remove a rule; what it was in the middle of ends",
      tag: "Rules",
      scope: "admin",
      params: ID,
      query: { revision: "As in the source that was read; optional." },
      answer: { status: 204, description: "Removed." },
      problems: { ...NO_RULE, ...WRITING },
      handle: async (request) => {
        const { revision } = request.query;
        const result = await editor.remove(request.params.id ?? "", { ...contextOf(request), revision });
        return result.ok ? { status: 204 } : refused(result.refusal);
      },
    },
  ];
}

function fileRoutes(editor: RuleEditor): readonly Route[] {
  const nameOf = (request: RouteRequest): string | undefined => {
    const { file = "" } = request.params;
    return new RegExp(RULE_FILE_PATTERN).test(file) ? file : undefined;
  };
  const noFile = problem(404, "unknown-file", "There is no such rule file.");
  return [
    {
      method: "get",
      path: "/api/v1/rule-files/{file}",
      operationId: "getRuleFile",
      summary: "A whole rule file, to mend one that is not a list of rules",
      tag: "Rules",
      scope: "admin",
      params: FILE,
      answer: { status: 200, description: "The file.", schema: RuleFileView },
      problems: { 404: "No such file." },
      handle: async (request) => {
        const name = nameOf(request);
        if (name === undefined) return noFile;
        const result = await editor.file(name);
        return result.ok ? { status: 200, body: result.value } : refused(result.refusal);
      },
    },
    {
      method: "put",
      path: "/api/v1/rule-files/{file}",
      operationId: "changeRuleFile",
      summary: "Write a whole rule file that is there; it is kept even when rules in it are broken",
      tag: "Rules",
      scope: "admin",
      params: FILE,
      body: RuleFileChange,
      answer: { status: 200, description: "The file as it is kept.", schema: RuleFileView },
      problems: { 404: "No such file.", 409: WRITING[409], 503: WRITING[503] },
      handle: async (request) => {
        const name = nameOf(request);
        if (name === undefined) return noFile;
        const { text, revision } = request.body as unknown as RuleFileChange;
        const result = await editor.saveFile(name, text, { ...contextOf(request), revision });
        return result.ok ? { status: 200, body: result.value } : refused(result.refusal);
      },
    },
  ];
}

export function contextOf(request: RouteRequest): EditContext {
  return { by: request.principal?.name ?? "nobody" };
}

const STATUS: Readonly<Record<EditRefusal["code"], number>> = {
  "unknown-rule": 404,
  "unknown-file": 404,
  "unknown-version": 404,
  "not-in-version": 404,
  changed: 409,
  exists: 409,
  "broken-file": 409,
  "invalid-rule": 422,
  "not-writable": 503,
};

export function refused({ code, detail, errors }: EditRefusal): RouteReply {
  return {
    problem: { status: STATUS[code], code, detail, ...(errors === undefined ? {} : { errors: [...errors] }) },
  };
}

function show(text: string | undefined): string {
  return JSON.stringify((text ?? "").slice(0, 80));
}

export function noRule(id: string | undefined): ReturnType<typeof problem> {
  return problem(404, "unknown-rule", `There is no rule ${id}.`);
}
