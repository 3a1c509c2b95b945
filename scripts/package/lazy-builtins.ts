import { isBuiltin } from "node:module";
import type { Plugin } from "esbuild";

/** Goes before the code of a bundle: what its imports of Node's modules get. */
export const INHERITING =
  'const __inheriting=(id)=>{const m=process.getBuiltinModule(id);return typeof m=="object"?Object.create(m):m};';

/**
 * Lets a bundle of one file load Node's own modules when the code that needs them runs, as separate files would. ES
 * imports of a single file are all loaded before its first line: `tram --version` would load TLS and HTTP, and an old
 * Node would stop at a name that it does not have, before the sentence that says which Node is needed.
 *
 * For each file that imports a module, esbuild makes a getter for each property that the module has of its own: 8,500 of
 * them in the daemon, 1.6 MB. So an import gets an object that inherits them (`INHERITING`); `require` gets the module
 * itself, and so does an import of one that is a function, because somebody may call it.
 */
export const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  setup(build) {
    build.onResolve({ filter: /^[a-z:_/0-9]+$/ }, ({ kind, path }) => {
      if (!isBuiltin(path)) return undefined;
      const namespace = kind === "require-call" ? "node-builtin" : "node-builtin-import";
      return { path: path.replace(/^node:/, ""), namespace };
    });
    build.onLoad({ filter: /.*/, namespace: "node-builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(`node:${path}`)});`,
    }));
    build.onLoad({ filter: /.*/, namespace: "node-builtin-import" }, ({ path }) => ({
      contents: `module.exports = __inheriting(${JSON.stringify(`node:${path}`)});`,
    }));
  },
};
