import type { Json, JsonObject, Ms } from "@tram/protocol";
import type { CloudClock } from "./cloud-clock.ts";
import type { AwsIotLimits } from "./limits.ts";
import type { Service, ServiceRequest } from "./service.ts";
import {
  applyUpdate,
  clientTokenOf,
  deltaOf,
  isFault,
  metadataFor,
  metadataOf,
  readUpdate,
  type ShadowDocument,
  type ShadowFault,
  stateOf,
} from "./shadow-document.ts";

interface ShadowParts {
  readonly limits: AwsIotLimits;
  readonly clock: CloudClock;
  /** How long the service takes for a request. */
  readonly latencyMs: Ms;
  /** Sends to whoever has subscribed. */
  publish(topic: string, body: Json): void;
}

/** "Device Shadow MQTT topics": the prefix, and what is asked. */
const REQUEST = /^(\$aws\/things\/([^/]+)\/shadow(?:\/name\/([^/]+))?)\/(get|update|delete)$/;
const THING_NAME = /^[a-zA-Z0-9:_-]+$/;
const SHADOW_NAME = /^[$a-zA-Z0-9:_-]+$/;

/** For so long the version of a deleted shadow is remembered ("Interacting with shadows"). */
const VERSION_MEMORY_MS = 48 * 3_600_000;

/** The Device Shadow service: classic and named shadows over MQTT. */
export class Shadows implements Service {
  readonly #parts: ShadowParts;
  readonly #documents = new Map<string, ShadowDocument>();
  readonly #deleted = new Map<string, { readonly version: number; readonly at: number }>();
  readonly #inFlight = new Map<string, number>();

  constructor(parts: ShadowParts) {
    this.#parts = parts;
  }

  /** What is kept. @param name left out: the classic shadow. */
  get(thing: string, name?: string): ShadowDocument | undefined {
    return this.#documents.get(prefixOf(thing, name));
  }

  /** Changes a shadow as an app does over HTTPS: the device hears of it. @returns the fault, if it is refused. */
  update(
    thing: string,
    body: { readonly state: Json; readonly version?: number },
    name?: string,
  ): ShadowFault | undefined {
    return this.#update(prefixOf(thing, name), Buffer.from(JSON.stringify(body)));
  }

  /** Puts a document there as it is, past every limit: what a hostile or newer cloud might send. */
  plant(thing: string, document: ShadowDocument, name?: string): void {
    this.#documents.set(prefixOf(thing, name), document);
  }

  take({ topic, payload }: ServiceRequest): boolean {
    const [, prefix, thing, name, operation] = REQUEST.exec(topic) ?? [];
    if (prefix === undefined || thing === undefined) return false;
    const inFlight = this.#inFlight.get(thing) ?? 0;
    if (inFlight >= this.#parts.limits.shadowInFlight) {
      this.#refuse(`${prefix}/${operation}`, { code: 429, message: "Too Many Requests" }, payload);
      return true;
    }
    this.#inFlight.set(thing, inFlight + 1);
    const serve = (): void => {
      this.#inFlight.set(thing, (this.#inFlight.get(thing) ?? 1) - 1);
      const fault = this.#nameFault(thing, name) ?? this.#serve(prefix, operation ?? "", payload);
      if (fault !== undefined) this.#refuse(`${prefix}/${operation}`, fault, payload);
    };
    if (this.#parts.latencyMs === 0) serve();
    else this.#parts.clock.after(this.#parts.latencyMs, serve);
    return true;
  }

  #serve(prefix: string, operation: string, payload: Buffer): ShadowFault | undefined {
    if (operation === "update") return this.#update(prefix, payload);
    const document = this.#documents.get(prefix);
    if (document === undefined) {
      const shadow = /\/name\/(.+)$/.exec(prefix)?.[1];
      const thing = prefix.split("/")[2] ?? "";
      return { code: 404, message: `No shadow exists with name: '${shadow ?? thing}'` };
    }
    if (operation === "get") this.#answer(`${prefix}/get/accepted`, this.#whole(document), payload);
    else this.#delete(prefix, document, payload);
    return undefined;
  }

  #update(prefix: string, payload: Buffer): ShadowFault | undefined {
    const { limits, clock } = this.#parts;
    const update = readUpdate(payload, limits);
    if (isFault(update)) return update;
    const before = this.#documents.get(prefix);
    const at = clock.now();
    const next = applyUpdate(before, update, { at, lastVersion: this.#lastVersion(prefix), limits });
    if (isFault(next)) return next;
    this.#documents.set(prefix, next);
    const { desired, reported, version } = { ...update, version: next.version };
    const told = {
      ...(desired === undefined ? {} : { desired }),
      ...(reported === undefined ? {} : { reported }),
    };
    const metadata = {
      ...(desired === undefined || desired === null ? {} : { desired: metadataFor(desired, next.desiredAt) }),
      ...(reported === undefined || reported === null
        ? {}
        : { reported: metadataFor(reported, next.reportedAt) }),
    };
    this.#answer(`${prefix}/update/accepted`, { state: told, metadata, version }, payload);
    this.#answer(
      `${prefix}/update/documents`,
      { previous: snapshot(before), current: snapshot(next) },
      payload,
    );
    const delta = deltaOf(next);
    if (Object.keys(delta).length === 0) return undefined;
    const deltaMetadata = metadataFor(delta, next.desiredAt);
    this.#answer(`${prefix}/update/delta`, { version, state: delta, metadata: deltaMetadata }, payload);
    return undefined;
  }

  #delete(prefix: string, { version }: ShadowDocument, payload: Buffer): void {
    this.#documents.delete(prefix);
    this.#deleted.set(prefix, { version, at: this.#parts.clock.now() });
    this.#answer(`${prefix}/delete/accepted`, { version }, payload);
  }

  /** "Deleting a shadow does not reset its version number to 0." */
  #lastVersion(prefix: string): number {
    const deleted = this.#deleted.get(prefix);
    if (deleted === undefined || this.#parts.clock.now() - deleted.at > VERSION_MEMORY_MS) return 0;
    return deleted.version;
  }

  #whole(document: ShadowDocument): JsonObject {
    const delta = deltaOf(document);
    const state = { ...stateOf(document), ...(Object.keys(delta).length === 0 ? {} : { delta }) };
    return { state, metadata: metadataOf(document), version: document.version };
  }

  #nameFault(thing: string, name: string | undefined): ShadowFault | undefined {
    const { thingNameBytes, shadowNameBytes } = this.#parts.limits;
    if (!THING_NAME.test(thing) || Buffer.byteLength(thing) > thingNameBytes)
      return { code: 400, message: "Invalid thing name" };
    if (name !== undefined && (!SHADOW_NAME.test(name) || Buffer.byteLength(name) > shadowNameBytes))
      return { code: 400, message: "Invalid shadow name" };
    return undefined;
  }

  #refuse(topic: string, { code, message }: ShadowFault, payload: Buffer): void {
    this.#answer(`${topic}/rejected`, { code, message }, payload);
  }

  #answer(topic: string, body: JsonObject, request: Buffer): void {
    const clientToken = clientTokenOf(request);
    const timestamp = this.#parts.clock.seconds();
    this.#parts.publish(topic, { ...body, timestamp, ...(clientToken === undefined ? {} : { clientToken }) });
  }
}

function prefixOf(thing: string, name?: string): string {
  const classic = `$aws/things/${thing}/shadow`;
  return name === undefined ? classic : `${classic}/name/${name}`;
}

function snapshot(document: ShadowDocument | undefined): JsonObject {
  if (document === undefined) return { state: {}, metadata: {}, version: 0 };
  return { state: stateOf(document), metadata: metadataOf(document), version: document.version };
}
