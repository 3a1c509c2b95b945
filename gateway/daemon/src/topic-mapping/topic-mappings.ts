import type { Bus, MqttMessage, Store, Transactions, Unit } from "@tram/core";
import {
  type EpochMs,
  type GatewayView,
  type Json,
  MAPPING_LIMITS,
  type MappingView,
  type ThingId,
  type TopicMapping,
} from "@tram/protocol";
import { HeldMapping } from "./held-mapping.ts";
import { mappingOfSource } from "./mapped-device.ts";
import { DEVICES, MappedThings, type MappedThingsParts } from "./mapped-things.ts";

const MAPPINGS = "topic-mappings";

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

export interface TopicMappingsParts extends MappedThingsParts {
  readonly bus: Pick<Bus, "on">;
  readonly transactions: Pick<Transactions, "record" | "transact">;
  /** Those of the configuration, checked. */
  readonly configured: readonly TopicMapping[];
  /** What was said a moment ago at topics that nobody has yet. */
  readonly heard: () => readonly Heard[];
}

/**
 * Mappings of plain topics to Things: those of the configuration, and those that people made, which are kept. Where both
 * have an id, that of the configuration counts.
 */
export class TopicMappings implements Disposable {
  readonly #parts: TopicMappingsParts;
  readonly #configured = new Map<string, HeldMapping>();
  readonly #stored = new Map<string, HeldMapping>();
  readonly #things: MappedThings;
  #retired: Disposable | undefined;
  /** One change after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(parts: TopicMappingsParts) {
    this.#parts = parts;
    this.#things = new MappedThings(parts);
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
    const rows = await store.entries(DEVICES);
    const counting = [...this.#counting()];
    const { bus, transactions } = this.#parts;
    await this.#things.restore(counting, rows, transactions);
    this.#things.index(counting);
    this.#retired = bus.on("retired", (_event, unit) =>
      unit.after(() => void transactions.record((later) => this.#things.reconcile(this.#counting(), later))),
    );
  }

  [Symbol.dispose](): void {
    this.#retired?.[Symbol.dispose]();
  }

  /** Reads what the broker has retained of them, once it is open. */
  async recall(): Promise<void> {
    const { foreign, transactions } = this.#parts;
    const things = [...this.#counting()].flatMap((held) => [...held.things.keys()]);
    for (const id of things) await transactions.record((unit) => foreign.recall(id, unit));
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
        this.#things.replace(before, held, unit);
        this.#things.index(this.#counting());
        for (const heard of waiting) {
          if (!this.#parts.foreign.take(heard, unit, heard.at)) this.#things.take(heard, unit, heard.at);
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
      await transactions.record((unit) => this.#things.remove(held, unit));
      this.#things.index(this.#counting());
      log.info({ mapping: id, by }, "a mapping of topics was removed");
      this.#parts.onChange();
      return { ok: true, value: undefined };
    });
  }

  /** As `MappedThings.take`. */
  take(message: MqttMessage, unit: Unit): boolean {
    return this.#things.take(message, unit);
  }

  *#counting(): Iterable<HeldMapping> {
    yield* this.#configured.values();
    for (const held of this.#stored.values()) if (!this.#configured.has(held.id)) yield held;
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

function inConfiguration(id: string): MappingRefusal {
  return { code: "configured", detail: `The mapping ${id} stands in the configuration: change it there.` };
}

function changed(id: string): MappingRefusal {
  return { code: "changed", detail: `Somebody changed the mapping ${id} meanwhile.` };
}
