import type { ThingRecord } from "@tram/core";
import type { CommandRequest, ThingId } from "@tram/protocol";

/** The action of a Thing that sends a short message: its input is `{ number, text }`. */
export const SEND_SMS = "send-sms";
/** A modem that is away is waited for so long: a router that restarts its modem is back by then. */
const TTL_MS = 900_000;

/**
 * Asks the house for a way to send a short message: any Thing with the action `send-sms`, one that is there rather than
 * one that is not.
 * @returns `undefined` where nothing can.
 */
export function smsRequest(
  records: Iterable<ThingRecord>,
  number: string,
  text: string,
): Pick<CommandRequest, "thing" | "target" | "value" | "ttlMs"> | undefined {
  const able = [...records].filter(({ thing }) => Object.hasOwn(thing.actions ?? {}, SEND_SMS));
  const modem = able.find(({ availability }) => availability === "ready") ?? able[0];
  if (modem === undefined) return undefined;
  const thing = modem.thing.id as ThingId;
  return { thing, target: { action: SEND_SMS }, value: { number, text }, ttlMs: TTL_MS };
}
