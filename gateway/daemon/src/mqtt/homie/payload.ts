import type { MqttMessage } from "@tram/core";
import {
  DESCRIPTION_LIMIT_BYTES,
  type DescriptionProblem,
  decodeHomieValue,
  type PropertyAffordance,
  parseHomieDescription,
  type ThingId,
  type ValueCheck,
} from "@tram/protocol";

const NOT_TEXT = "expected UTF-8 without a byte order mark";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const BYTE_ORDER_MARK = "\uFEFF";

/**
 * The text of a payload (Homie 5.0 "Payloads").
 * @returns undefined when it is not UTF-8, or begins with a byte order mark.
 */
export function textOf({ payload }: { readonly payload: Uint8Array }): string | undefined {
  try {
    const text = utf8.decode(payload);
    return text.startsWith(BYTE_ORDER_MARK) ? undefined : text;
  } catch {
    return undefined; // Not UTF-8: the caller says so where it matters.
  }
}

/** The description in a message, or what is wrong with it. */
export function describedIn(device: ThingId, message: MqttMessage): ReturnType<typeof parseHomieDescription> {
  const { length } = message.payload;
  const refuse = (problem: string): { ok: false } & DescriptionProblem => {
    return { ok: false, path: "$description", problem };
  };
  if (length > DESCRIPTION_LIMIT_BYTES) {
    return refuse(`expected at most ${DESCRIPTION_LIMIT_BYTES} bytes, found ${length}`);
  }
  const text = textOf(message);
  return text === undefined ? refuse(NOT_TEXT) : parseHomieDescription(device, text);
}

/** A value as a text of Homie says it. */
export function decode(affordance: PropertyAffordance, text: string | undefined): ValueCheck {
  return text === undefined ? { ok: false, problem: NOT_TEXT } : decodeHomieValue(affordance, text);
}
