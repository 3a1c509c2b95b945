import { problem, type RouteReply, type RouteRequest } from "../http/route.ts";
import type { EventStreams, StreamRequest } from "./event-streams.ts";
import type { Watch } from "./notice-board.ts";
import { SSE_HEADERS, sseWire } from "./sse-wire.ts";

/** A person who has too many streams is asked to come back after so long. In seconds. */
const RETRY_S = 30;

/**
 * Answers with Server-Sent Events for as long as the caller listens and may listen.
 * @param options.present what is the case now, of states.
 */
export function streamReply(
  streams: EventStreams,
  request: RouteRequest,
  watch: Watch,
  options: Pick<StreamRequest, "present"> = {},
): RouteReply {
  const person = request.principal?.name ?? "";
  const full = streams.full(person);
  if (full !== undefined) {
    const detail = `${full}. Close one, or listen to all properties of a Thing on one.`;
    return { problem: { status: 429, code: "too-many-streams", detail, retryAfterS: RETRY_S } };
  }
  const { stillAllowed } = request;
  const lastId = request.header("last-event-id");
  const stream = { watch, person, stillAllowed, lastId, ...options };
  return {
    headers: SSE_HEADERS,
    write: (response) =>
      streams.open(stream, sseWire(response, watch.name === undefined || isDirectory(watch))),
  };
}

/** For what is there only as a stream: whoever asks for something else is told how to ask. */
export function onlyStreams(): RouteReply {
  return problem(406, "only-streams", "This is told as it happens: send `Accept: text/event-stream`.");
}

/** WoT Discovery §7.3.4 "Events API": each event says its type, also where only one was asked for. */
function isDirectory({ subject }: Watch): boolean {
  return subject === "directory";
}
