/**
 * Gives equal texts the same object, in one piece: places, names and references come again in thousands of rules, and
 * texts that were put together or cut out hold on to what they are of. Good for one compilation; it keeps nothing
 * afterwards.
 */
export class Texts {
  readonly #known = new Map<string, string>();

  /** The same text, kept once. */
  of<Text extends string>(text: Text): Text {
    const known = this.#known.get(text);
    if (known !== undefined) return known as Text;
    this.#known.set(text, text);
    return text;
  }
}
