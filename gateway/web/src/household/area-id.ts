import { fold } from "../i18n/fold.ts";

/**
 * Makes an id out of the name of an area (`Tầng trệt` → `tang-tret`).
 * @param taken ids that there are.
 */
export function areaIdOf(title: string, taken: ReadonlySet<string>): string {
  const plain =
    fold(title)
      .replace(/[^a-z0-9]+/g, "-")
      .replace(/^-+|-+$/g, "")
      .slice(0, 48)
      .replace(/-+$/, "") || "area";
  for (let turn = 1; ; turn++) {
    const id = turn === 1 ? plain : `${plain}-${turn}`;
    if (!taken.has(id)) return id;
  }
}
