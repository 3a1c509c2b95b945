import type { Log, MqttMessage, Registry, Transactions, Unit } from "@tram/core";
import {
  checkValue,
  type EpochMs,
  isJsonObject,
  type Json,
  MAPPING_LIMITS,
  type PropertyKey,
  slugThingId,
  type ThingId,
} from "@tram/protocol";
import type { ForeignDevices } from "../foreign/foreign-devices.ts";
import type { HeldMapping } from "./held-mapping.ts";
import { firstWord, mappedDevice, mappingOfSource } from "./mapped-device.ts";
import { isForMany } from "./plain-topic.ts";
import { TopicShapes } from "./topic-shapes.ts";

/** Which level each Thing of a mapping for many was found by. */
export const DEVICES = "topic-mapping-devices";

/** A longer level is no name of a device. In characters. */
const LEVEL_LIMIT = 64;

const utf8 = new TextDecoder("utf-8", { fatal: true });

export interface MappedThingsParts {
  readonly registry: Registry;
  readonly foreign: ForeignDevices;
  readonly log: Log;
  /** Id of the gateway, which is a Homie device too. */
  readonly gateway: string;
  /** Told when a mapping has another problem than before. */
  readonly onChange: () => void;
}

/** One property of a mapping for many. */
interface Place {
  readonly held: HeldMapping;
  readonly property: PropertyKey;
}

interface AnnounceOptions {
  /** The mapping was made just now, and the Thing with it. */
  readonly fresh: boolean;
}

/** The Things of the mappings that count: makes them, finds those of a kind by their first word, and takes them away. */
export class MappedThings {
  readonly #parts: MappedThingsParts;
  #shapes = new TopicShapes<Place>();

  constructor(parts: MappedThingsParts) {
    this.#parts = parts;
  }

  /**
   * Makes the Things that an earlier process knew, and those of mappings that came meanwhile. One that fails takes no
   * other with it.
   * @param rows what was kept of the devices of mappings for many.
   */
  async restore(
    counting: readonly HeldMapping[],
    rows: ReadonlyMap<string, Json>,
    { record }: Pick<Transactions, "record">,
  ): Promise<void> {
    const failed = new Set<string>();
    for (const held of counting) {
      const levels = [...rows].flatMap(([thing, row]) => {
        const { level, mapping } = isJsonObject(row) ? row : {};
        return mapping === held.id && typeof level === "string" ? [[thing as ThingId, level] as const] : [];
      });
      for (const [id, level] of thingsOf(held, new Map(levels))) {
        let isThrough = false;
        await record((unit) => {
          this.#announce(held, { id, level }, unit, { fresh: false });
          isThrough = true;
        });
        if (!isThrough) failed.add(held.id);
      }
    }
    const { registry } = this.#parts;
    await record((unit) => {
      this.#clearAway(counting, failed, unit);
      for (const thing of rows.keys()) {
        if (registry.speaker(thing as ThingId) === undefined) unit.delete(DEVICES, thing);
      }
    });
  }

  /** Makes the Things of a mapping, with those that it had before it was changed. */
  replace(before: HeldMapping | undefined, held: HeldMapping, unit: Unit): void {
    const same = before?.checked?.forMany === held.checked?.forMany;
    const known = before?.things ?? new Map<ThingId, string | undefined>();
    if (before !== undefined && !same) this.remove(before, unit);
    this.#activate(held, same ? known : new Map(), unit, { fresh: true });
  }

  remove({ things }: HeldMapping, unit: Unit): void {
    for (const id of things.keys()) {
      this.#parts.foreign.remove(id, unit);
      unit.delete(DEVICES, id);
    }
  }

  /**
   * Somebody forgot Things. One of many comes back with its next word; that of a mapping for one is there as long as the
   * mapping is, and begins anew.
   */
  reconcile(counting: Iterable<HeldMapping>, unit: Unit): void {
    const { foreign, registry } = this.#parts;
    for (const held of counting) {
      for (const [id, level] of [...held.things]) {
        if (registry.speaker(id) !== undefined) continue;
        foreign.remove(id, unit);
        unit.delete(DEVICES, id);
        held.things.delete(id);
        if (level === undefined) this.#announce(held, { id, level }, unit, { fresh: true });
      }
    }
  }

  /** Learns at which topics devices of a kind may be heard. */
  index(counting: Iterable<HeldMapping>): void {
    this.#shapes = new TopicShapes();
    for (const held of counting) {
      for (const [property, { read }] of held.checked?.properties ?? []) {
        if (read !== undefined && isForMany(read.topic)) this.#shapes.add(read.topic, { held, property });
      }
    }
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
    const { gateway, registry } = this.#parts;
    if (held.things.size >= MAPPING_LIMITS.things) {
      this.#fault(held, "id", `more than ${MAPPING_LIMITS.things} devices: ${level} is none`);
      return false;
    }
    const id = slugThingId(`${held.id}-${level}`, (thing) => isTaken(thing, registry) || thing === gateway);
    if (!this.#announce(held, { id, level }, unit, { fresh: true })) return false;
    unit.put(DEVICES, id, { mapping: held.id, level });
    return true;
  }

  #activate(
    held: HeldMapping,
    known: ReadonlyMap<ThingId, string | undefined>,
    unit: Unit,
    options: AnnounceOptions,
  ): void {
    for (const [id, level] of thingsOf(held, known)) this.#announce(held, { id, level }, unit, options);
  }

  #announce(
    held: HeldMapping,
    { id, level }: { readonly id: ThingId; readonly level: string | undefined },
    unit: Unit,
    options: AnnounceOptions,
  ): boolean {
    if (held.checked === undefined) return false;
    if (id === this.#parts.gateway) {
      this.#fault(held, "id", `${id} is the gateway itself`);
      return false;
    }
    const onPick = (property: PropertyKey, found: boolean): void => held.pick(property, found);
    const result = this.#parts.foreign.set(mappedDevice(held.checked, { id, level }, onPick), unit, options);
    if (!result.ok) {
      this.#fault(held, result.path, result.problem);
      return false;
    }
    held.things.set(id, level);
    held.accept("id");
    return true;
  }

  #fault(held: HeldMapping, path: string, problem: string): void {
    if (held.faults.some((known) => known.path === path)) return;
    held.refuse(path, problem);
    this.#parts.log.warn({ mapping: held.id, path, problem }, "a mapping of topics could not make its Thing");
    this.#parts.onChange();
  }

  /** Things whose mapping is not there any more: the configuration was changed while nothing ran. */
  #clearAway(counting: readonly HeldMapping[], failed: ReadonlySet<string>, unit: Unit): void {
    const { registry } = this.#parts;
    const kept = new Set(counting.flatMap((held) => [...held.things.keys()]));
    // What an unsound mapping describes stays as it was: somebody will mend it.
    const unsound = new Set(
      counting.filter(({ checked, id }) => checked === undefined || failed.has(id)).map(({ id }) => id),
    );
    for (const { thing } of [...registry.records()]) {
      for (const { id, source } of registry.links(thing.id as ThingId)) {
        const mapping = mappingOfSource(source);
        if (mapping === undefined || unsound.has(mapping) || kept.has(id)) continue;
        registry.retire(id, source, unit);
      }
    }
  }
}

/** The Things that a mapping is to have. @param known those that one for many has found. */
function thingsOf(
  { checked, id }: HeldMapping,
  known: ReadonlyMap<ThingId, string | undefined>,
): ReadonlyMap<ThingId, string | undefined> {
  if (checked === undefined) return new Map();
  return checked.forMany ? known : new Map([[id as ThingId, undefined]]);
}

/** Whether an id is a Thing's, or what a source calls a device. */
export function isTaken(id: ThingId, registry: Pick<Registry, "get" | "speaker">): boolean {
  return registry.get(id) !== undefined || registry.speaker(id) !== undefined;
}

function saysSomething({ held, property }: Place, payload: string): boolean {
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
