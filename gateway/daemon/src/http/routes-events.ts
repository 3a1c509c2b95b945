import { Type } from "typebox";
import type { EventJournal, EventQuery, HappeningKind, JournalEvent } from "../event-journal/index.ts";
import { EVENT_KINDS, EventEnd, EventView, eventView, JournalView } from "../event-journal/index.ts";
import { lineReply } from "./line-stream.ts";
import { type ProblemReply, problem, type Route, type RouteReply } from "./route.ts";
import { timeOf } from "./time-parameter.ts";
import { iso } from "./views.ts";

const LIMITS = { limit: { most: 1_000_000, otherwise: 1_000 }, last: { most: 10_000 } } as const;
/** Answers that are read from the journal at a time: each unpacks as fast as its client reads. */
const MOST_AT_ONCE = 2;

interface Question extends EventQuery {
  readonly limit: number;
  readonly last: number | undefined;
}

/** What happened in the house. For administrators: it tells who did what, and when nobody did anything. */
export function eventRoutes(journal: Pick<EventJournal, "read" | "state"> | undefined): readonly Route[] {
  let open = 0;

  async function* lines(question: Question): AsyncGenerator<unknown> {
    if (journal === undefined) return;
    open++;
    try {
      if (question.last === undefined) yield* firstOf(journal.read(question), question.limit);
      else for (const event of await newestOf(journal.read(question), question.last)) yield eventView(event);
    } finally {
      open--;
    }
  }

  return [
    {
      method: "get",
      path: "/api/v1/events",
      operationId: "readEvents",
      summary: "What happened: readings, commands, availability, clock steps, starts, in their order",
      tag: "Gateway",
      scope: "admin",
      query: {
        from: "Time of the first event, ISO 8601 with a zone. Default: the oldest.",
        to: "Time of the last event.",
        thing: "Ids of Things, with commas between: only what is about them, and what is about no Thing.",
        kind: `Kinds of events, with commas between: ${EVENT_KINDS.join(", ")}.`,
        known: "`true`: also what was known where the answer begins, after a start and after a gap.",
        limit: `So many events at most, 1 to ${LIMITS.limit.most} (default ${LIMITS.limit.otherwise}). A last line \`{"end":"limit"}\` tells that there are more.`,
        last: `Instead: so many of the newest, 1 to ${LIMITS.last.most}.`,
      },
      answer: {
        status: 200,
        description: "The events, a line of JSON each.",
        schema: Type.Union([EventView, EventEnd]),
        lines: true,
      },
      problems: {
        400: "A parameter is not what it should be.",
        404: "Nothing is recorded: `events.memory_mb` is 0.",
        429: "Others are reading.",
      },
      handle: ({ query }): RouteReply => {
        if (journal === undefined) return OFF;
        const question = readQuestion(query);
        if ("problem" in question) return question;
        if (open >= MOST_AT_ONCE) {
          const detail = `${MOST_AT_ONCE} others are reading the events. Ask again.`;
          return { problem: { status: 429, code: "busy", detail, retryAfterS: 5 } };
        }
        return lineReply(lines(question));
      },
    },
    {
      method: "get",
      path: "/api/v1/events/status",
      operationId: "getEventJournal",
      summary: "How far back the events reach, and what they cost",
      tag: "Gateway",
      scope: "read",
      answer: { status: 200, description: "The journal of events.", schema: JournalView },
      problems: { 404: "Nothing is recorded: `events.memory_mb` is 0." },
      handle: async () => {
        if (journal === undefined) return OFF;
        const { from, completeFrom, failure, ...numbers } = await journal.state();
        const body: JournalView = {
          ...(from === undefined ? {} : { from: iso(from) }),
          ...(completeFrom === undefined ? {} : { completeFrom: iso(completeFrom) }),
          ...numbers,
          ...(failure === undefined ? {} : { failure }),
        };
        return { status: 200, body };
      },
    },
  ];
}

const OFF = problem(404, "not-recorded", "Nothing is recorded: events.memory_mb is 0.");

async function* firstOf(events: AsyncIterable<JournalEvent>, limit: number): AsyncGenerator<unknown> {
  let count = 0;
  for await (const event of events) {
    if (count++ === limit) {
      yield { end: "limit" };
      return;
    }
    yield eventView(event);
  }
}

async function newestOf(
  events: AsyncIterable<JournalEvent>,
  count: number,
): Promise<readonly JournalEvent[]> {
  const newest: JournalEvent[] = [];
  let total = 0;
  for await (const event of events) newest[total++ % count] = event;
  const oldest = total % count;
  return total <= count ? newest : [...newest.slice(oldest), ...newest.slice(0, oldest)];
}

function readQuestion(query: Readonly<Record<string, string>>): Question | { problem: ProblemReply } {
  const from = timeOf(query.from);
  const to = timeOf(query.to);
  const limit = countOf(query.limit ?? String(LIMITS.limit.otherwise), LIMITS.limit.most);
  const last = query.last === undefined ? undefined : countOf(query.last, LIMITS.last.most);
  const kinds = query.kind?.split(",");
  const unknown = kinds?.find((kind) => !isKind(kind));
  if (Number.isNaN(from)) return wrong("from", "a time such as 2026-01-05T12:00:00Z", query.from);
  if (Number.isNaN(to)) return wrong("to", "a time such as 2026-01-05T12:00:00Z", query.to);
  if (limit === undefined) return wrong("limit", `1 to ${LIMITS.limit.most}`, query.limit);
  if (query.last !== undefined && last === undefined)
    return wrong("last", `1 to ${LIMITS.last.most}`, query.last);
  if (unknown !== undefined) return wrong("kind", `some of ${EVENT_KINDS.join(", ")}`, unknown);
  if (query.known !== undefined && query.known !== "true" && query.known !== "false") {
    return wrong("known", "true or false", query.known);
  }
  return {
    from,
    to,
    limit,
    last,
    things: query.thing === undefined ? undefined : new Set(query.thing.split(",")),
    kinds: kinds === undefined ? undefined : new Set(kinds.filter(isKind)),
    known: query.known === "true",
  };
}

function wrong(parameter: string, expected: string, found: string | undefined): { problem: ProblemReply } {
  const shown = JSON.stringify((found ?? "").slice(0, 80));
  return problem(400, "bad-parameter", `${parameter}: expected ${expected}, found ${shown}`);
}

function isKind(text: string): text is HappeningKind {
  return EVENT_KINDS.some((kind) => kind === text);
}

function countOf(text: string, most: number): number | undefined {
  const count = Number(text);
  return /^\d{1,9}$/.test(text) && count >= 1 && count <= most ? count : undefined;
}
