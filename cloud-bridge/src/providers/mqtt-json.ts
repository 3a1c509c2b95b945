import type { CloudDesk, CloudManagement, CloudMessage, CloudRequest, TurnedAway } from "@tram/core";
import {
  type EpochMs,
  isJsonObject,
  type Json,
  type JsonObject,
  type PropertyKey,
  type ThingId,
} from "@tram/protocol";
import type { Mapping } from "../mapping.ts";
import type { MqttOutgoing } from "./mqtt-connection.ts";
import type { Answer, AnswerPlace, Heard, HeardMessage, MqttDialect } from "./mqtt-dialect.ts";

/** What the provider keeps with a command for its answer. */
const CONTEXT_LIMITS = { topicCharacters: 512, correlationBytes: 256 } as const;
const ID = /^[\x21-\x7e]{1,100}$/;
const MAX_TTL_S = 86_400;
const ENVELOPE = new Set(["id", "value", "time", "ttl_s"]);
const MANAGEMENT = new Set(["id", "what", "operation", "name", "text", "revision"]);
/** Not a Thing: ids have no `$`. */
const MANAGE = "$manage";
/** A rule file with everything that may stand in it; a command is shorter. */
const MAX_BYTES = 131_072;
const MAX_COMMAND_BYTES = 16_384;

export interface JsonDialectOptions {
  readonly mapping: Mapping;
  /** Whether rules or the configuration may be managed. */
  readonly manages: boolean;
  /** Makes an id for a request that has none. */
  readonly newId: () => string;
}

/** Why a message is no request. */
export class Unfit extends Error {
  readonly code: TurnedAway["code"];
  constructor(code: TurnedAway["code"], reason: string) {
    super(reason);
    this.code = code;
  }
}

/**
 * Tram's own words at a broker: readings as the mapping has them; commands at `…/<node>/<property>/set` and
 * `…/<action>/invoke` as a bare value or as `{ id, value, time?, ttl_s? }`, answered at `…/command` or where MQTT 5 says.
 */
export class JsonDialect implements MqttDialect {
  readonly maxBytes = MAX_BYTES;
  readonly filters: readonly string[];
  readonly #options: JsonDialectOptions;

  constructor(options: JsonDialectOptions) {
    this.#options = options;
    const { prefix } = options.mapping;
    this.filters = [
      `${prefix}/+/+/+/set`,
      `${prefix}/+/+/invoke`,
      ...(options.manages ? [`${prefix}/${MANAGE}`] : []),
    ];
  }

  encode(message: CloudMessage): MqttOutgoing {
    const { mapping } = this.#options;
    const payload = mapping.payload(message);
    if (message.class !== "reply" || !isJsonObject(message.context)) {
      return { topic: mapping.topic(message), payload };
    }
    const { topic, correlation } = message.context;
    return {
      topic: typeof topic === "string" ? topic : mapping.topic(message),
      payload,
      ...(typeof correlation === "string"
        ? { properties: { correlationData: Buffer.from(correlation, "base64") } }
        : {}),
    };
  }

  read(heard: HeardMessage, _desk: CloudDesk): Heard | undefined {
    const place = this.#placeOf(heard.topic);
    if (place === undefined) return undefined;
    const answerAt: AnswerPlace = {
      request: "",
      topic: heard.responseTopic ?? `${place.topic}/command`,
      ...(heard.correlationData === undefined ? {} : { correlationData: heard.correlationData }),
    };
    let request = this.#options.newId();
    try {
      refuseUnfit(heard, place.target === MANAGE);
      const spoken = readJson(heard.payload);
      const named = place.target === MANAGE && isJsonObject(spoken) ? spoken.id : envelopeOf(spoken).id;
      if (typeof named === "string" && ID.test(named)) request = named;
      return {
        request: this.#request(place, spoken, { ...heard, request }),
        place: { ...answerAt, request },
      };
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      const turnedAway = { where: heard.topic, code: error.code, reason: error.message };
      // What is retained, or asks to be answered where nobody can listen, is answered to nobody.
      const answered = error.code !== "retained" && isTopic(answerAt.topic);
      return { turnedAway, ...(answered ? { place: { ...answerAt, request } } : {}) };
    }
  }

  answer(place: AnswerPlace, answer: Answer, at: EpochMs): MqttOutgoing {
    const { request, topic, correlationData } = place;
    const id = `${request}:${String(answer.code ?? answer.state ?? "done")}`;
    return {
      topic,
      payload: JSON.stringify({ id, time: new Date(at).toISOString(), request, ...answer }),
      ...(correlationData === undefined ? {} : { properties: { correlationData } }),
    };
  }

  /** What a topic is about: the levels after the prefix, without the verb. */
  #placeOf(topic: string): { readonly topic: string; readonly target: string } | undefined {
    const { prefix } = this.#options.mapping;
    if (!topic.startsWith(`${prefix}/`)) return undefined;
    const rest = topic.slice(prefix.length + 1);
    if (rest === MANAGE) return { topic, target: MANAGE };
    const levels = rest.split("/");
    const verb = levels.pop();
    const wanted = verb === "set" ? 3 : verb === "invoke" ? 2 : 0;
    if (levels.length !== wanted || wanted === 0) return undefined;
    return { topic: topic.slice(0, topic.lastIndexOf("/")), target: levels.join("/") };
  }

  #request(
    { target }: { readonly target: string },
    spoken: Json,
    heard: HeardMessage & { readonly request: string },
  ): CloudRequest {
    if (target === MANAGE) return managementOf(spoken);
    const [thing = "", ...name] = target.split("/");
    const envelope = envelopeOf(spoken);
    if (envelope.id !== undefined && !(typeof envelope.id === "string" && ID.test(envelope.id))) {
      throw new Unfit("malformed", "id: expected 1 to 100 visible characters of ASCII");
    }
    // Twice the same value does no harm; twice the same action may.
    if (name.length === 1 && envelope.id === undefined && heard.dup) {
      throw new Unfit(
        "malformed",
        "it was sent again, and without an id nobody knows whether it was carried out",
      );
    }
    const context = contextOf(heard);
    return {
      kind: "command",
      id: heard.request,
      thing: thing as ThingId,
      target: name.length === 1 ? { action: name[0] ?? "" } : { property: name.join("/") as PropertyKey },
      value: envelope.value,
      ...lifeOf(envelope, heard.expiryS),
      ...(context === undefined ? {} : { context }),
    };
  }
}

function refuseUnfit(heard: HeardMessage, managing: boolean): void {
  if (heard.retain)
    throw new Unfit("retained", "a retained message is no command: it would come again and again");
  if (!managing && heard.payload.length > MAX_COMMAND_BYTES) {
    throw new Unfit("too-large", `expected at most ${MAX_COMMAND_BYTES} bytes`);
  }
  const { responseTopic, correlationData } = heard;
  if (responseTopic !== undefined && !isTopic(responseTopic)) {
    throw new Unfit(
      "malformed",
      "response topic: expected one that can be published to, of at most 512 characters",
    );
  }
  if (correlationData !== undefined && correlationData.length > CONTEXT_LIMITS.correlationBytes) {
    throw new Unfit(
      "malformed",
      `correlation data: expected at most ${CONTEXT_LIMITS.correlationBytes} bytes`,
    );
  }
}

function isTopic(topic: string): boolean {
  return (
    topic !== "" &&
    topic.length <= CONTEXT_LIMITS.topicCharacters &&
    !/[+#\0]/.test(topic) &&
    !topic.startsWith("$")
  );
}

/** JSON, or a bare text: `on`. */
function readJson(payload: Buffer): Json {
  const text = payload.toString("utf8");
  if (text === "") return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

export interface Envelope {
  readonly value: Json;
  readonly id?: Json | undefined;
  readonly time?: Json | undefined;
  readonly ttl_s?: Json | undefined;
}

function envelopeOf(spoken: Json): Envelope {
  const isEnvelope =
    isJsonObject(spoken) &&
    Object.hasOwn(spoken, "value") &&
    Object.keys(spoken).every((key) => ENVELOPE.has(key));
  return isEnvelope ? (spoken as unknown as Envelope) : { value: spoken };
}

/** ISO 8601 with a zone: without one nobody knows what it means. */
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})$/;

export function lifeOf({ time, ttl_s: ttlS }: Envelope, expiryS: number | undefined) {
  const givenAt = typeof time === "string" && MOMENT.test(time) ? Date.parse(time) : undefined;
  if (time !== undefined && (givenAt === undefined || Number.isNaN(givenAt))) {
    throw new Unfit("malformed", "time: expected ISO 8601 with its zone: 2026-01-05T06:00:00Z");
  }
  if (ttlS !== undefined && !(typeof ttlS === "number" && ttlS > 0 && ttlS <= MAX_TTL_S)) {
    throw new Unfit("malformed", `ttl_s: expected seconds, at most ${MAX_TTL_S}`);
  }
  const ttlMs = ttlS === undefined ? undefined : ttlS * 1_000;
  // MQTT 5.0 §3.3.2.3.3: the broker has taken off what the message has waited.
  const left = Math.min(
    expiryS === undefined ? Number.POSITIVE_INFINITY : expiryS * 1_000,
    givenAt === undefined ? (ttlMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
  );
  return {
    ...(givenAt === undefined ? {} : { givenAt }),
    ...(givenAt === undefined || ttlMs === undefined ? {} : { expiresAt: givenAt + ttlMs }),
    ...(Number.isFinite(left) ? { ttlMs: left } : {}),
  };
}

function contextOf({ responseTopic, correlationData }: HeardMessage): Json | undefined {
  if (responseTopic === undefined && correlationData === undefined) return undefined;
  return {
    ...(responseTopic === undefined ? {} : { topic: responseTopic }),
    ...(correlationData === undefined ? {} : { correlation: correlationData.toString("base64") }),
  };
}

export function managementOf(spoken: Json): CloudManagement {
  if (!isJsonObject(spoken) || !Object.keys(spoken).every((key) => MANAGEMENT.has(key))) {
    throw new Unfit("malformed", "expected { id, what, operation, name?, text?, revision? }");
  }
  const { id, what, operation } = spoken;
  if (typeof id !== "string" || !ID.test(id))
    throw new Unfit("malformed", "id: expected 1 to 100 visible characters of ASCII");
  if (what !== "rules" && what !== "config") throw new Unfit("malformed", "what: expected rules or config");
  if (operation !== "get" && operation !== "put" && operation !== "remove") {
    throw new Unfit("malformed", "operation: expected get, put or remove");
  }
  return {
    kind: "manage",
    id,
    what,
    operation,
    ...textOf(spoken, "name"),
    ...textOf(spoken, "text"),
    ...textOf(spoken, "revision"),
  };
}

function textOf<Key extends string>(spoken: JsonObject, key: Key): { readonly [K in Key]?: string } {
  const value = spoken[key];
  if (value === undefined) return {};
  if (typeof value !== "string") throw new Unfit("malformed", `${key}: expected a text`);
  return { [key]: value } as { readonly [K in Key]?: string };
}
