import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import type { Plugin } from "vite";

/**
 * Writes down which files really are in the built UI, for the bill of materials: a JSON list of paths, sorted.
 * @param file where to; outside of the built UI, which is served as it is.
 * @param root the paths are relative to it.
 */
export function moduleList(file: string, root: string): Plugin {
  return {
    name: "module-list",
    generateBundle(_options, bundle) {
      const modules = new Set<string>();
      for (const output of Object.values(bundle)) {
        if (output.type !== "chunk") continue;
        for (const [id, { renderedLength }] of Object.entries(output.modules)) {
          // What begins so was made by the bundler itself.
          if (renderedLength > 0 && !id.startsWith("\0"))
            modules.add(relative(root, id.replace(/\?.*$/, "")));
        }
      }
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${JSON.stringify([...modules].sort(), null, 2)}\n`);
    },
  };
}
