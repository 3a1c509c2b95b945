/** Looking at JSON that comes from outside: the gateway, flow files, messages. Nothing of it is taken on trust. */

export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown): Fields | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

/** The own member of a name; never one of the prototype. */
export function member(of: Fields, name: string): unknown {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** One of a few words. */
export function word<Word extends string>(value: unknown, words: readonly Word[]): Word | undefined {
  return words.find((each) => each === value);
}

/** A number in a range, also as the text that the editor's fields give. @returns `fallback` for anything else. */
export function numberIn(value: unknown, least: number, most: number, fallback: number): number {
  const found = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof found === "number" && found >= least && found <= most ? found : fallback;
}

/** What is said of a value in a message for people: short, and on one line. */
export function short(value: unknown, characters = 40): string {
  const whole = (typeof value === "string" ? value : (JSON.stringify(value) ?? String(value))).slice(
    0,
    4_000,
  );
  const line = whole.replaceAll(/\s+/g, " ");
  return line.length > characters ? `${line.slice(0, characters - 1)}…` : line;
}
