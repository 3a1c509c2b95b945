import type { Mirror } from "./mirror.ts";

/** What the editor offers where a node asks for a Thing, a property or a rule. */
export interface EditorLists {
  readonly things: readonly {
    readonly id: string;
    readonly title: string;
    readonly area?: string;
    readonly properties: readonly {
      readonly key: string;
      readonly title: string;
      readonly type?: string;
      readonly unit?: string;
      readonly readOnly: boolean;
    }[];
  }[];
  readonly rules: readonly { readonly id: string; readonly title: string }[];
}

/** The lists of a house, in the order of titles. */
export function editorLists({ rules, things }: Mirror): EditorLists {
  const byTitle = <Item extends { readonly title: string }>(items: Item[]): Item[] =>
    items.sort((one, other) => one.title.localeCompare(other.title));
  return {
    things: byTitle(
      [...things.values()].map(({ area, id, properties, title = id }) => ({
        id,
        title,
        ...(area === undefined ? {} : { area }),
        properties: byTitle(
          [...properties].map(([key, info]) => ({
            key,
            title: info.title ?? key,
            readOnly: info.readOnly,
            ...(info.type === undefined ? {} : { type: info.type }),
            ...(info.unit === undefined ? {} : { unit: info.unit }),
          })),
        ),
      })),
    ),
    rules: byTitle([...rules.values()].map(({ id, title = id }) => ({ id, title }))),
  };
}
