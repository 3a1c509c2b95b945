declare const brand: unique symbol;
export type TopicText<Kind extends string> = string & { readonly [brand]: Kind };

/** How long topics may be here. The protocol's own limit always holds too. */
export interface TopicLimits {
  /** Bytes in UTF-8, 1 to 65,535. */
  readonly bytes: number;
  /** Levels, which is one more than slashes. A filter costs memory for each of its levels. */
  readonly levels: number;
}

/** What the protocol allows, but 128 levels: 65,535 of them would cost megabytes for a single subscription. */
export const DEFAULT_TOPIC_LIMITS: TopicLimits = { bytes: 65_535, levels: 128 };

/** MQTT 5.0 §1.5.4: the length of a string is sent in two bytes. */
const PROTOCOL_BYTES = 65_535;
/** No UTF-16 unit takes more in UTF-8. */
const MOST_BYTES_PER_UNIT = 3;

export type TopicProblemCode =
  | "empty"
  | "too-long"
  | "too-many-levels"
  | "null-character"
  | "ill-formed"
  | "wildcard-in-name"
  | "multi-level-wildcard"
  | "single-level-wildcard"
  | "share-name-empty"
  | "share-name";

/** Why a topic name or filter is refused. */
export interface TopicProblem {
  readonly ok: false;
  readonly code: TopicProblemCode;
  /**
   * The normative statement that is broken, in the numbering of MQTT 5.0 (3.1.1 calls 4.7.0-1, 4.7.1-1 and 4.7.1-2
   * 4.7.1-1, 4.7.1-2 and 4.7.1-3); undefined where only a limit of this house is exceeded.
   */
  readonly statement: string | undefined;
  /** In words, for a log or a Reason String. Quotes nothing of the topic. */
  readonly problem: string;
}

/** Checks what names and filters have in common: MQTT 5.0 §4.7.3, §1.5.4 and the limits. */
export function textProblem(text: string, limits: TopicLimits): TopicProblem | undefined {
  if (text === "") return refuse("empty", "MQTT-4.7.3-1", "expected at least one character");
  const most = Math.min(limits.bytes, PROTOCOL_BYTES);
  if (text.length * MOST_BYTES_PER_UNIT > most) {
    const bytes = Buffer.byteLength(text);
    const statement = bytes > PROTOCOL_BYTES ? "MQTT-4.7.3-3" : undefined;
    if (bytes > most) return refuse("too-long", statement, `expected at most ${most} bytes, found ${bytes}`);
  }
  if (text.includes("\0")) return refuse("null-character", "MQTT-4.7.3-2", "U+0000 is not allowed");
  // Half a surrogate pair has no UTF-8. The codec lets none in; a rule or an application might.
  if (!text.isWellFormed()) return refuse("ill-formed", "MQTT-1.5.4-1", "half a surrogate pair");
  if (hasMoreLevels(text, limits.levels)) {
    return refuse("too-many-levels", undefined, `expected at most ${limits.levels} levels`);
  }
  return undefined;
}

export function refuse(code: TopicProblemCode, statement: string | undefined, problem: string): TopicProblem {
  return { ok: false, code, statement, problem };
}

/** MQTT 5.0 §4.7.2: names that begin with `$` are the server's own, and wildcards at the first level pass them by. */
export function isServersOwn(topic: string): boolean {
  return topic.startsWith("$");
}

function hasMoreLevels(text: string, most: number): boolean {
  let levels = 1;
  for (let slash = text.indexOf("/"); slash >= 0; slash = text.indexOf("/", slash + 1)) {
    if (++levels > most) return true;
  }
  return levels > most;
}
