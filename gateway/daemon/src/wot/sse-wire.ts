import type { ServerResponse } from "node:http";
import type { Ms } from "@tram/protocol";
import type { Wire } from "./event-streams.ts";

/** When a client that lost the connection should try again. In milliseconds. */
const RETRY_MS: Ms = 3_000;

/** Of an answer that stays open. A proxy must neither keep it nor wait for more of it. */
export const SSE_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/event-stream",
  "Cache-Control": "no-store",
  "X-Accel-Buffering": "no",
};

/**
 * Writes notices as Server-Sent Events (HTML §9.2). The data are one line, for JSON has no line breaks outside of its
 * strings, and none inside them.
 * @param named whether each says its name, where a stream is of more than one. A stream of one property or event says none:
 * a name would hide the message from whoever waits for messages as such (`EventSource.onmessage`).
 */
export function sseWire(response: ServerResponse, named: boolean): Wire {
  const write = (text: string): void => {
    if (!response.destroyed && !response.writableEnded) response.write(text);
  };
  write(`retry: ${RETRY_MS}\n\n`);
  return {
    get closed() {
      return response.destroyed;
    },
    get backlog() {
      return response.writableLength;
    },
    tell: ({ data, name }, id) => {
      write(`${named ? `event: ${name}\n` : ""}id: ${id}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    // HTML §9.2.6: an id counts without data too.
    mark: (id) => write(`id: ${id}\n\n`),
    gap: () => write(": some of what happened meanwhile is not kept any more\n\n"),
    beat: () => write(":\n\n"),
    end: () => response.end(),
    cut: () => response.destroy(),
    onClose: (listener) => void response.once("close", listener),
  };
}
