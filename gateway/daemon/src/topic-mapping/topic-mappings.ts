import type { Log, MqttMessage, Registry, Store, Transactions, Unit } from "@tram/core";
import {
  checkValue,
  type EpochMs,
  type GatewayView,
  isJsonObject,
  type Json,
  MAPPING_LIMITS,
  type MappingView,
  type PropertyKey,
  slugThingId,
  type ThingId,
  type TopicMapping,
} from "@tram/protocol";
import type { ForeignDevices } from "../foreign/foreign-devices.ts";
import { HeldMapping } from "./held-mapping.ts";
import { firstWord, mappedDevice, mappingOfSource } from "./mapped-device.ts";
import { isForMany } from "./plain-topic.ts";
import { TopicShapes } from "./topic-shapes.ts";

const MAPPINGS = "topic-mappings";
/** Which level each Thing of a mapping for many was found by. */
const DEVICES = "topic-mapping-devices";

/** A longer level is no name of a device. In characters. */
const LEVEL_LIMIT = 64;

const utf8 = new TextDecoder("utf-8", { fatal: true });

export interface MappingRefusal {
  readonly code: "unknown-mapping" | "configured" | "changed" | "taken" | "invalid-mapping" | "too-many";
  readonly detail: string;
  readonly errors?: readonly { readonly path: string; readonly problem: string }[];
}

export type MappingResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly refusal: MappingRefusal };

export interface EditOptions {
  /** Who does it. */
  readonly by: string;
  /** The change is refused when it is another now. */
  readonly revision?: string | undefined;
}

/** A message that was said before. */
export interface Heard extends Pick<MqttMessage, "payload" | "topic"> {
  readonly at: EpochMs;
}

export interface TopicMappingsParts {
  readonly registry: Registry;
  readonly transactions: Pick<Transactions, "record" | "transact">;
  readonly foreign: ForeignDevices;
  readonly log: Log;
  /** Those of the configuration, checked. */
  readonly configured: readonly TopicMapping[];
  /** Id of the gateway, which is a Homie device too. */
  readonly gateway: string;
  /** What was said a moment ago at topics that nobody has yet. */
  readonly heard: () => readonly Heard[];
  /** Told when `problems` are others. */
  readonly onChange: () => void;
}

/**
 * Mappings of plain topics to Things: those of the configuration, and those that people made, which are kept. Where both
 * have an id, that of the configuration counts.
 */
export class TopicMappings {
  readonly #parts: TopicMappingsParts;
  readonly #configured = new Map<string, HeldMapping>();
  readonly #stored = new Map<string, HeldMapping>();
  #shapes = new TopicShapes<{ readonly held: HeldMapping; readonly property: PropertyKey }>();
  /** One change after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: TopicMappingsParts) {
    this.#parts = parts;
    for (const mapping of parts.configured) {
      this.#configured.set(
        mapping.id,
        new HeldMapping(mapping.id, mapping as unknown as Json, "configuration"),
      );
    }
  }

  /** Loads what people made, and makes the Things of all. What the broker has of them comes with `recall`. */
  async restore(store: Store): Promise<void> {
    for (const [id, document] of await store.entries(MAPPINGS)) {
      this.#stored.set(id, new HeldMapping(id, document, "api"));
    }
    const devices = await store.entries(DEVICES);
    await this.#parts.transactions.record((unit) => {
      for (const held of this.#counting()) {
        const levels = [...devices].flatMap(([thing, row]) => {
          const { level, mapping } = isJsonObject(row) ? row : {};
          return mapping === held.id && typeof level === "string" ? [[thing as ThingId, level] as const] : [];
        });
        this.#activate(held, new Map(levels), unit, { fresh: false });
      }
      this.#clearAway(devices.keys(), unit);
    });
    this.#index();
  }

  /** Reads what the broker has retained of them, once it is open. */
  async recall(): Promise<void> {
    await this.#parts.transactions.record((unit) => {
      for (const held of this.#counting()) {
        for (const id of held.things.keys()) this.#parts.foreign.recall(id, unit);
      }
    });
  }

  get problems(): GatewayView["problems"] {
    return [...this.#counting()].flatMap((held) => held.gatewayProblems);
  }

  list(): readonly MappingView[] {
    const shadowed = (held: HeldMapping): boolean => held.origin === "api" && this.#configured.has(held.id);
    const all = [...this.#configured.values(), ...this.#stored.values()];
    return all
      .map((held) => held.view(shadowed(held)))
      .sort((a, b) => (a.mapping.id < b.mapping.id ? -1 : 1));
  }

  /** The one that counts. */
  get(id: string): MappingView | undefined {
    return (this.#configured.get(id) ?? this.#stored.get(id))?.view(false);
  }

  /**
   * Makes a mapping, or changes one; it counts at once.
   * @throws {StoreError} when it was not kept: then nothing has changed.
   */
  put(id: string, document: Json, options: EditOptions): Promise<MappingResult<MappingView>> {
    return this.#inTurn(async () => {
      const held = new HeldMapping(id, document, "api");
      const refusal = this.#refusalOf(held, options.revision);
      if (refusal !== undefined) return { ok: false, refusal };
      const { log, transactions } = this.#parts;
      await transactions.transact((unit) => {
        unit.propose(MAPPINGS, id, document);
        unit.require("power");
      });
      const before = this.#stored.get(id);
      const waiting = this.#parts.heard();
      this.#stored.set(id, held);
      await transactions.record((unit) => {
        const same = before?.checked?.forMany === held.checked?.forMany;
        const kept = same ? (before?.things ?? new Map()) : new Map<ThingId, string | undefined>();
        for (const thing of before?.things.keys() ?? []) if (!kept.has(thing)) this.#removeThing(thing, unit);
        this.#activate(held, kept, unit, { fresh: true });
        this.#index();
        for (const heard of waiting) {
          if (!this.#parts.foreign.take(heard, unit, heard.at)) this.take(heard, unit, heard.at);
        }
      });
      log.info({ mapping: id, by: options.by }, "a mapping of topics was made");
      this.#parts.onChange();
      return { ok: true, value: held.view(false) };
    });
  }

  /** @throws {StoreError} when that was not kept: then nothing has changed. */
  remove(id: string, { by, revision }: EditOptions): Promise<MappingResult<void>> {
    return this.#inTurn(async () => {
      const held = this.#stored.get(id);
      if (held === undefined) return { ok: false, refusal: this.#noMapping(id) };
      if (revision !== undefined && revision !== held.revision) return { ok: false, refusal: changed(id) };
      const { log, transactions } = this.#parts;
      await transactions.transact((unit) => {
        unit.proposeDelete(MAPPINGS, id);
        unit.require("power");
      });
      this.#stored.delete(id);
      await transactions.record((unit) => {
        for (const thing of held.things.keys()) this.#removeThing(thing, unit);
      });
      this.#index();
      log.info({ mapping: id, by }, "a mapping of topics was removed");
      this.#parts.onChange();
      return { ok: true, value: undefined };
    });
  }

  /**
   * Looks at a message of a plain topic of which no device is known: it may be the first word of one of many.
   * @param time when it was said, where that is not now.
   * @returns true when it is, or may become one.
   */
  take(message: Pick<MqttMessage, "payload" | "topic">, unit: Unit, time?: EpochMs): boolean {
    const matches = this.#shapes.find(message.topic);
    if (matches.length === 0) return false;
    const payload = textOf(message.payload);
    let made = false;
    for (const { item, level } of matches) {
      if (payload === undefined || level === "" || level.length > LEVEL_LIMIT) continue;
      if (saysSomething(item, payload)) made = this.#find(item.held, level, unit) || made;
    }
    if (made) this.#parts.foreign.take(message, unit, time);
    return true;
  }

  /** A device of a kind was heard for the first time. @returns true when it is a Thing now. */
  #find(held: HeldMapping, level: string, unit: Unit): boolean {
    const { registry } = this.#parts;
    if (held.things.size >= MAPPING_LIMITS.things) {
      this.#fault(held, "id", `more than ${MAPPING_LIMITS.things} devices: ${level} is none`);
      return false;
    }
    const id = slugThingId(
      `${held.id}-${level}`,
      (thing) => isTaken(thing, registry) || thing === this.#parts.gateway,
    );
    if (!this.#announce(held, id, level, unit, { fresh: true })) return false;
    unit.put(DEVICES, id, { mapping: held.id, level });
    return true;
  }

  #activate(
    held: HeldMapping,
    known: ReadonlyMap<ThingId, string | undefined>,
    unit: Unit,
    options: { readonly fresh: boolean },
  ): void {
    if (held.checked === undefined) return;
    if (!held.checked.forMany) this.#announce(held, held.id as ThingId, undefined, unit, options);
    else for (const [thing, level] of known) this.#announce(held, thing, level, unit, options);
  }

  #announce(
    held: HeldMapping,
    id: ThingId,
    level: string | undefined,
    unit: Unit,
    options: { readonly fresh: boolean },
  ): boolean {
    if (held.checked === undefined) return false;
    const onPick = (property: PropertyKey, found: boolean): void => held.pick(property, found);
    const result = this.#parts.foreign.set(mappedDevice(held.checked, { id, level }, onPick), unit, options);
    if (result.ok) {
      held.things.set(id, level);
      held.accept("id");
      return true;
    }
    this.#fault(held, result.path, result.problem);
    return false;
  }

  #fault(held: HeldMapping, path: string, problem: string): void {
    if (held.faults.some((known) => known.path === path)) return;
    held.refuse(path, problem);
    this.#parts.log.warn({ mapping: held.id, path, problem }, "a mapping of topics could not make its Thing");
    this.#parts.onChange();
  }

  #removeThing(id: ThingId, unit: Unit): void {
    this.#parts.foreign.remove(id, unit);
    unit.delete(DEVICES, id);
  }

  /** Things whose mapping is not there any more: the configuration was changed while nothing ran. */
  #clearAway(rows: Iterable<string>, unit: Unit): void {
    const { registry } = this.#parts;
    const counting = [...this.#counting()];
    const kept = new Set(counting.flatMap((held) => [...held.things.keys()]));
    // What an unsound mapping describes stays as it was: somebody will mend it.
    const unsound = new Set(counting.filter(({ checked }) => checked === undefined).map(({ id }) => id));
    for (const { thing } of [...registry.records()]) {
      for (const { id, source } of registry.links(thing.id as ThingId)) {
        const mapping = mappingOfSource(source);
        if (mapping !== undefined && !unsound.has(mapping) && !kept.has(id))
          registry.retire(id, source, unit);
      }
    }
    for (const thing of rows)
      if (registry.speaker(thing as ThingId) === undefined) unit.delete(DEVICES, thing);
  }

  *#counting(): Iterable<HeldMapping> {
    yield* this.#configured.values();
    for (const held of this.#stored.values()) if (!this.#configured.has(held.id)) yield held;
  }

  #index(): void {
    this.#shapes = new TopicShapes();
    for (const held of this.#counting()) {
      for (const [property, { read }] of held.checked?.properties ?? []) {
        if (read !== undefined && isForMany(read.topic)) this.#shapes.add(read.topic, { held, property });
      }
    }
  }

  #refusalOf(held: HeldMapping, revision: string | undefined): MappingRefusal | undefined {
    const { id, checked, faults } = held;
    const { gateway, registry } = this.#parts;
    if (this.#configured.has(id)) return inConfiguration(id);
    const before = this.#stored.get(id);
    if (revision !== undefined && revision !== before?.revision) return changed(id);
    if (checked === undefined) {
      const [first] = faults;
      const detail =
        first === undefined
          ? "it is not sound"
          : `${first.path === "" ? "mapping" : first.path}: ${first.problem}`;
      return { code: "invalid-mapping", detail, errors: faults };
    }
    if (checked.mapping.id !== id) {
      const problem = `expected ${id}, as in the address, found ${checked.mapping.id}`;
      return { code: "invalid-mapping", detail: `id: ${problem}`, errors: [{ path: "id", problem }] };
    }
    if (before === undefined && this.#stored.size >= MAPPING_LIMITS.mappings) {
      return { code: "too-many", detail: `There are ${MAPPING_LIMITS.mappings} mappings already.` };
    }
    if (checked.forMany) return undefined;
    const source = registry.speaker(id as ThingId) ?? registry.get(id as ThingId)?.source;
    const taken = source !== undefined && mappingOfSource(source) !== id;
    if (!taken && id !== gateway) return undefined;
    return {
      code: "taken",
      detail: `There is a Thing ${id} already${source === undefined ? "" : `, of ${source}`}.`,
    };
  }

  #noMapping(id: string): MappingRefusal {
    if (this.#configured.has(id)) return inConfiguration(id);
    return { code: "unknown-mapping", detail: `There is no mapping ${id}.` };
  }

  #inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => undefined); // Whoever asked for it is told.
    return turn;
  }
}

/** Whether an id is a Thing's, or what a source calls a device. */
export function isTaken(id: ThingId, registry: Pick<Registry, "get" | "speaker">): boolean {
  return registry.get(id) !== undefined || registry.speaker(id) !== undefined;
}

function inConfiguration(id: string): MappingRefusal {
  return { code: "configured", detail: `The mapping ${id} stands in the configuration: change it there.` };
}

function changed(id: string): MappingRefusal {
  return { code: "changed", detail: `Somebody changed the mapping ${id} meanwhile.` };
}

function saysSomething(
  { held, property }: { readonly held: HeldMapping; readonly property: PropertyKey },
  payload: string,
): boolean {
  const mapped = held.checked?.properties.get(property);
  if (mapped === undefined) return false;
  const word = firstWord(mapped, payload);
  return word.ok && word.value !== undefined && checkValue(mapped.spelling.affordance, word.value).ok;
}

function textOf(payload: Uint8Array): string | undefined {
  if (payload.length > MAPPING_LIMITS.payloadBytes) return undefined;
  try {
    return utf8.decode(payload);
  } catch {
    return undefined; // No word of a device of the kind.
  }
}
