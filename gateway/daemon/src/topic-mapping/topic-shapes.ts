import { MAPPING_PLACEHOLDER } from "@tram/protocol";

/** What a topic is to a mapping for many. */
export interface ShapeMatch<Item> {
  readonly item: Item;
  /** What stands in the place of `{id}`. */
  readonly level: string;
}

/** Finds the topics with `{id}` that a topic fits, by one look-up for each form that such topics have. */
export class TopicShapes<Item> {
  /** By number of levels, then by the place of `{id}`, then by topic. */
  readonly #forms = new Map<number, Map<number, Map<string, Item[]>>>();

  add(topic: string, item: Item): void {
    const levels = topic.split("/");
    const place = levels.indexOf(MAPPING_PLACEHOLDER);
    const places = this.#forms.get(levels.length) ?? new Map<number, Map<string, Item[]>>();
    this.#forms.set(levels.length, places);
    const topics = places.get(place) ?? new Map<string, Item[]>();
    places.set(place, topics);
    topics.set(topic, [...(topics.get(topic) ?? []), item]);
  }

  get isEmpty(): boolean {
    return this.#forms.size === 0;
  }

  find(topic: string): readonly ShapeMatch<Item>[] {
    if (this.isEmpty) return [];
    const levels = topic.split("/");
    const found: ShapeMatch<Item>[] = [];
    for (const [place, topics] of this.#forms.get(levels.length) ?? []) {
      const level = levels[place] ?? "";
      const items = topics.get(levels.with(place, MAPPING_PLACEHOLDER).join("/"));
      for (const item of items ?? []) found.push({ item, level });
    }
    return found;
  }
}
