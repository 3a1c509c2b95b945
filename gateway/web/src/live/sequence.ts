import type { LiveMessage } from "@tram/protocol";

export type Followed = { readonly ok: true; readonly seq: number } | { readonly ok: false };

/**
 * Checks that a message is the next one of its connection: a snapshot may come at any time, a delta must count up by
 * one from what came before.
 * @param seq of the last message, `undefined` before the first.
 */
export function follow(seq: number | undefined, message: LiveMessage): Followed {
  if (message.type === "snapshot") return { ok: true, seq: message.seq };
  return message.seq === (seq ?? Number.NaN) + 1 ? { ok: true, seq: message.seq } : { ok: false };
}

/** Reads a frame. `undefined` for anything that is not a message of the live socket. */
export function parseLiveMessage(text: unknown): LiveMessage | undefined {
  if (typeof text !== "string") return undefined;
  let message: Partial<LiveMessage> | null;
  try {
    message = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const known = message?.type === "snapshot" || message?.type === "delta";
  return known && Number.isInteger(message?.seq) ? (message as LiveMessage) : undefined;
}
