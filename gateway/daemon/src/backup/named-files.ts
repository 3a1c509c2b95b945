import { parseYaml } from "../config/load.ts";
import { absolutePaths } from "../config/paths.ts";

/**
 * Files that a configuration names besides itself: passwords, keys and certificates (`…_file`). Absolute paths.
 * @param text of a configuration that was found sound.
 * @param folder where its relative paths start.
 */
export function namedFiles(text: string, folder: string): readonly string[] {
  return [...new Set(filesIn(absolutePaths(parseYaml(text, "configuration"), folder)))];
}

function* filesIn(value: unknown, key = ""): Generator<string> {
  if (typeof value === "string" && key.endsWith("_file")) yield value;
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) yield* filesIn(inner, name);
}
