import { isBuiltin } from "node:module";
import type { Plugin } from "esbuild";

/**
 * Lets a bundle of one file load Node's own modules when the code that needs them runs, as separate files would. ES
 * imports of a single file are all loaded before its first line: `tram --version` would load TLS and HTTP, and an old
 * Node would stop at a name that it does not have, before the sentence that says which Node is needed.
 */
export const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  setup(build) {
    build.onResolve({ filter: /^[a-z:_/0-9]+$/ }, ({ path }) =>
      isBuiltin(path) ? { path: path.replace(/^node:/, ""), namespace: "node-builtin" } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "node-builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(`node:${path}`)});`,
    }));
  },
};
