import type { Json, PropertyKey, ThingId } from "@tram/protocol";

/** A property within a block: what is written of the next reading depends on the one before. */
export interface Series {
  readonly thing: ThingId;
  readonly property: PropertyKey;
  /** Block that the rest belongs to. */
  block: number;
  number: number;
  /** Its name is not in the block yet. */
  isNew: boolean;
  origin: string | undefined;
  /** The value before; undefined at the beginning of a block. */
  value: Json | undefined;
  /** Decimals of the number before, if it was one: `whole` / 10^`decimals`. */
  decimals: number;
  whole: number;
  isDecimal: boolean;
}

/** Properties that are remembered beyond the block, so that each is only once made. */
const KEPT = 4_096;

/** The properties of the block that is being written. */
export class SeriesTable {
  readonly #things = new Map<ThingId, Map<PropertyKey, Series>>();
  #block = 1;
  #count = 0;
  #known = 0;

  /** A new block: no property has a name in it. */
  begin(): void {
    // Those of Things that are gone must not stay for ever.
    if (this.#known > KEPT || this.#known > 4 * this.#count + 64) {
      this.#things.clear();
      this.#known = 0;
    }
    this.#block++;
    this.#count = 0;
  }

  find(thing: ThingId, property: PropertyKey): Series {
    const series = this.#things.get(thing)?.get(property) ?? this.#make(thing, property);
    if (series.block !== this.#block) {
      series.block = this.#block;
      series.number = this.#count++;
      series.isNew = true;
      series.origin = undefined;
      series.value = undefined;
      series.isDecimal = false;
    }
    return series;
  }

  #make(thing: ThingId, property: PropertyKey): Series {
    const series: Series = {
      thing,
      property,
      block: 0,
      number: 0,
      isNew: true,
      origin: undefined,
      value: undefined,
      decimals: 0,
      whole: 0,
      isDecimal: false,
    };
    const properties = this.#things.get(thing) ?? new Map<PropertyKey, Series>();
    this.#things.set(thing, properties.set(property, series));
    this.#known++;
    return series;
  }
}
