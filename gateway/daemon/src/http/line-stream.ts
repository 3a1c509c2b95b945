import type { ServerResponse } from "node:http";
import type { RouteReply } from "./route.ts";

/** JSON values, a line each. (No type of its own is registered for it; this one is usual.) */
export const LINES_CONTENT_TYPE = "application/x-ndjson";

/** Lines are written together up to this. In characters. */
const CHUNK = 16_384;
/** A client that takes nothing for so long is gone. */
const STALLED_MS = 30_000;

/** An answer of values as they come. One that breaks off in the middle is no whole answer: the client sees that. */
export function lineReply(values: AsyncIterable<unknown>): RouteReply {
  return {
    headers: { "Content-Type": LINES_CONTENT_TYPE },
    write: (response) => {
      writeLines(response, values).catch((error: unknown) => response.destroy(error as Error));
    },
  };
}

/**
 * Writes values as they come, no faster than the client takes them, and ends the answer. It stops asking for more when the
 * client has left or takes nothing any more.
 */
export async function writeLines(response: ServerResponse, values: AsyncIterable<unknown>): Promise<void> {
  let text = "";
  for await (const value of values) {
    text += `${JSON.stringify(value)}\n`;
    if (text.length < CHUNK) continue;
    if (!response.write(text) && !(await drained(response))) {
      response.destroy();
      return;
    }
    text = "";
    if (response.destroyed) return;
  }
  response.end(text);
}

/** @returns false when the client will not take more. */
function drained(response: ServerResponse): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (goesOn: boolean): void => {
      clearTimeout(patience);
      response.off("drain", onDrain).off("close", onClose);
      resolve(goesOn);
    };
    const onDrain = (): void => settle(true);
    const onClose = (): void => settle(false);
    const patience = setTimeout(onClose, STALLED_MS);
    response.once("drain", onDrain).once("close", onClose);
    if (response.destroyed) onClose();
  });
}
