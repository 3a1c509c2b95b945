import { readFileSync } from "node:fs";
import type { Plugin } from "esbuild";

const OWN = /\/(?:protocol|gateway|modules|rules|cloud-bridge)\/.*\/?src\/.*\.ts$/;
/** `Type` as one object holds every kind of type that there is; as a namespace it holds those that are used. */
const IMPORT = /import \{ (?:type \w+, )*Type \} from "typebox";/g;

/** Leaves out of a bundle the half of TypeBox that nobody here calls. */
export const slimTypebox: Plugin = {
  name: "slim-typebox",
  setup({ onLoad, onResolve, resolve }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path.includes("node_modules") || !OWN.test(path)) return undefined;
      const contents = readFileSync(path, "utf8").replace(IMPORT, 'import * as Type from "typebox";');
      return { contents, loader: "ts" };
    });
    // Its modules define functions and nothing else: one that is not used is not needed.
    onResolve({ filter: /^typebox(?:\/|$)/ }, async ({ path, pluginData, ...options }) => {
      if (pluginData === slimTypebox) return undefined;
      const { errors, path: found } = await resolve(path, {
        importer: options.importer,
        kind: options.kind,
        resolveDir: options.resolveDir,
        pluginData: slimTypebox,
      });
      return errors.length > 0 ? { errors } : { path: found, sideEffects: false };
    });
  },
};
