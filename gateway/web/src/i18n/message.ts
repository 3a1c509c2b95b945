/** A text with one form for each plural category of its language; `{count}` chooses. */
export interface PluralForms {
  readonly zero?: string;
  readonly one?: string;
  readonly two?: string;
  readonly few?: string;
  readonly many?: string;
  readonly other: string;
}

/** A text with `{slots}`. */
export type Message = string | PluralForms;

/** The names of the slots in a text: `"{age} · {count} queued"` has `age` and `count`. */
type SlotNames<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | SlotNames<Rest>
  : never;

export type SlotsOf<M extends Message> = M extends string
  ? SlotNames<M>
  : M extends { readonly other: infer Other extends string }
    ? SlotNames<Other>
    : never;
