import type { Clock, Registry } from "@tram/core";
import { HistoryView, parsePropertyKey, parseThingId } from "@tram/protocol";
import type { History } from "../history/history.ts";
import { EXPORT_FORMATS, exportHistory } from "../history/history-export.ts";
import { queryHistory } from "../history/history-query.ts";
import { parseMoment } from "../history/moment.ts";
import { chooseTier, TIER_NAMES, type Tier, tierOf } from "../history/tiers.ts";
import { problem, type Route, type RouteReply } from "./route.ts";

export interface HistoryRoutesParts {
  /** Undefined where the configuration wants none. */
  readonly history: History | undefined;
  readonly registry: Pick<Registry, "thing">;
  readonly clock: Pick<Clock, "now">;
}

const DEFAULT_POINTS = 500;
const MOST_POINTS = 10_000;
/** Questions that are answered at a time: each holds what it reads. */
const AT_ONCE = 4;

/** The past of one property: points for a chart, or everything as a file. */
export function historyRoutes(parts: HistoryRoutesParts): readonly Route[] {
  let underWay = 0;
  return [
    {
      method: "get",
      path: "/api/v1/history",
      operationId: "readHistory",
      summary: "What a property was over time, as points of a chart or as a file",
      tag: "Things",
      scope: "read",
      query: {
        thing: "Id of the Thing.",
        property: "`node/name`, or `name` where only one node has it.",
        from: "Beginning: ISO 8601, or `-24h` for so long ago (the default).",
        to: "End, not included: the same, or `now` (the default).",
        points: `Most points, 3 to ${MOST_POINTS} (default ${DEFAULT_POINTS}). For \`json\` alone; files have everything.`,
        tier: `${TIER_NAMES.join(", ")}; default: the coarsest that has so many points, or for files the finest that goes back to \`from\`.`,
        format: "`json` (the default), `csv` or `jsonl` (a JSON object a line).",
      },
      answer: { status: 200, description: "The history.", schema: HistoryView },
      problems: {
        400: "A parameter is missing or is not what it should be.",
        404: "Nothing is known of such a property, or there is no history.",
        503: "Too many questions at a time, or the file cannot be read.",
      },
      handle: async ({ query }) => {
        const { clock, history } = parts;
        if (history === undefined) return problem(404, "no-history", "The configuration wants no history.");
        const key = findKey(parts, history, query);
        if (typeof key !== "string") return key;
        const thing = query.thing ?? "";
        const range = rangeOf(query, clock.now());
        if (!("from" in range)) return range;
        const { format = "json" } = query;
        if (format !== "json" && format !== "csv" && format !== "jsonl") {
          return problem(400, "bad-format", `format: expected json, csv or jsonl, found ${format}`);
        }
        const points = query.points === undefined ? DEFAULT_POINTS : Number(query.points);
        if (!Number.isInteger(points) || points < 3 || points > MOST_POINTS) {
          return problem(400, "bad-points", `points: expected 3 to ${MOST_POINTS}, found ${query.points}`);
        }
        const named = query.tier === undefined ? undefined : tierOf(query.tier);
        if (query.tier !== undefined && named === undefined) {
          return problem(400, "bad-tier", `tier: expected ${TIER_NAMES.join(", ")}, found ${query.tier}`);
        }
        if (underWay >= AT_ONCE) return busy();
        underWay++;
        const done = (): void => void underWay--;
        const choose = (count: number): Tier =>
          named ?? chooseTier(range, count, (tier) => history.goesBackTo(tier, thing, key));
        if (format !== "json") {
          const open = () => history.cut(thing, key);
          const rows = exportHistory(open, choose(Number.POSITIVE_INFINITY), range, format);
          const file = `${thing}-${key.replace("/", "-")}.${format}`;
          return {
            status: 200,
            stream: counted(rows, done),
            headers: {
              "Content-Type": EXPORT_FORMATS[format],
              "Content-Disposition": `attachment; filename="${file}"`,
            },
          };
        }
        try {
          using cut = history.cut(thing, key);
          const body = await queryHistory(cut, {
            ...range,
            thing,
            property: key,
            tier: choose(points),
            points,
          });
          return { status: 200, body };
        } catch (error) {
          history.noteFailure(error);
          return problem(503, "unreadable", `The history cannot be read: ${(error as Error).message}`);
        } finally {
          done();
        }
      },
    },
  ];
}

/** @returns the property's key, or why there is none. */
function findKey(
  { registry }: HistoryRoutesParts,
  history: History,
  { property = "", thing = "" }: Readonly<Record<string, string>>,
): string | Exclude<RouteReply, { status: number }> {
  const id = parseThingId(thing);
  if (id === undefined)
    return problem(400, "bad-thing", `thing: expected the id of a Thing, found ${thing || "nothing"}`);
  const keys = new Set([...Object.keys(registry.thing(id)?.properties ?? {}), ...history.propertiesOf(id)]);
  if (keys.has(property)) return property;
  if (parsePropertyKey(property) !== undefined || property === "") {
    if (property === "") return problem(400, "bad-property", "property: expected `node/name`, found nothing");
    return problem(404, "unknown-property", `Nothing is known of ${thing}/${property}.`);
  }
  const [only, second] = [...keys].filter((key) => key.endsWith(`/${property}`));
  if (only === undefined)
    return problem(404, "unknown-property", `Nothing is known of ${thing}/${property}.`);
  if (second === undefined) return only;
  return problem(400, "ambiguous", `property: ${property} is ambiguous: write ${only} or ${second}`);
}

function rangeOf(
  query: Readonly<Record<string, string>>,
  now: number,
): { readonly from: number; readonly to: number } | Exclude<RouteReply, { status: number }> {
  const [from, to] = [parseMoment(query.from ?? "-24h", now), parseMoment(query.to ?? "now", now)];
  if (from === undefined) return badMoment("from", query.from);
  if (to === undefined) return badMoment("to", query.to);
  // What was read at this very moment belongs to it.
  const end = query.to === undefined || query.to === "now" ? to + 1 : to;
  if (from < end) return { from, to: end };
  return problem(400, "bad-range", "from: expected a time before `to`");
}

function badMoment(name: string, found = ""): Exclude<RouteReply, { status: number }> {
  return problem(400, "bad-time", `${name}: expected ISO 8601, now or -24h, found ${found}`);
}

function busy(): RouteReply {
  return { problem: { status: 503, code: "busy", detail: "Too many questions at a time.", retryAfterS: 1 } };
}

/** Tells when the rows end, however they do: also when nobody ever asks for the first one. */
function counted(rows: AsyncGenerator<string>, done: () => void): AsyncIterable<string> & { end(): void } {
  let ended = false;
  const end = (): void => {
    if (ended) return;
    ended = true;
    done();
  };
  return {
    end,
    async *[Symbol.asyncIterator]() {
      try {
        yield* rows;
      } finally {
        end();
      }
    },
  };
}
