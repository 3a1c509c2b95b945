/** A catalogue as the server gives it: texts by message, with the context before U+0001. */
export type Catalogue = Readonly<Record<string, readonly string[]>>;

/** Makes `_` and `N_`. What is not in the catalogue stays as it is, and is kept in `missing`. */
export function translation(catalogue: Catalogue, missing: Set<string>) {
  const texts = (id: string, context?: string): readonly string[] | undefined => {
    const key = context === undefined ? id : `${context}\u0001${id}`;
    if (catalogue[key] === undefined) missing.add(key);
    return catalogue[key];
  };
  return {
    _: (id: string, context?: string): string => texts(id, context)?.[0] ?? id,
    N_: (count: number, one: string, many: string, context?: string): string => {
      const found = texts(one, context);
      const plain = count === 1 ? one : many;
      return found === undefined ? plain : (found[count === 1 ? 0 : found.length - 1] ?? plain);
    },
  };
}

/** LuCI's `"%d of %s".format(…)`; of its many forms those that the views use. */
export function format(this: string, ...values: unknown[]): string {
  let next = 0;
  return String(this).replace(/%([sd%])/g, (_all, kind: string) => {
    if (kind === "%") return "%";
    const value = values[next++];
    return kind === "d" ? String(Math.trunc(Number(value))) : String(value);
  });
}
