import { isMap, isNode, isSeq, type LineCounter, type Node } from "yaml";
import { readYaml } from "../parse-file.ts";

/** The line of the node at a path, or of the nearest one around it that is there. */
export function lineOf(root: Node | null, path: string, lines: LineCounter): number | undefined {
  let node: unknown = root;
  let offset: number | undefined;
  for (const key of keysOf(path)) {
    if (isMap(node)) {
      const pair = node.items.find(
        (one) => isNode(one.key) && String((one.key as { value?: unknown }).value) === key,
      );
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0];
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(key)];
      if (!isNode(item)) break;
      offset = item.range?.[0];
      node = item;
    } else break;
  }
  offset ??= root?.range?.[0];
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

/** `triggers[0].numeric["odd key"]` as its keys. */
function keysOf(path: string): string[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(
    ([, quoted, index, plain]) => (quoted === undefined ? (index ?? plain ?? "") : JSON.parse(`"${quoted}"`)),
  );
}

/** Finds lines of a YAML text by paths; tells nothing of a text that is none. */
export function lineFinder(text: string): (path: string) => number | undefined {
  const read = readYaml(text);
  return (path) => (read.ok ? lineOf(read.document.contents, path, read.lines) : undefined);
}
