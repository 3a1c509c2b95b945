import { readFileSync } from "node:fs";
import type { Plugin } from "esbuild";

const OWN = /\/(?:protocol|gateway|modules|rules|cloud-bridge)\/.*\/?src\/.*\.ts$/;
/** `Type` as one object holds every kind of type that there is; as a namespace it holds those that are used. */
const IMPORT = /import \{ (?:type \w+, )*Type \} from "typebox";/g;

/** A record may be asked for with any type of key, for which TypeBox evaluates types. Ours are asked for with texts. */
const RECORD = /\/typebox\/build\/type\/engine\/record\/instantiate\.mjs$/;
const RECORD_OF_TEXTS = `import { Memory } from "../../../system/memory/index.mjs";
import { IsString } from "../../types/string.mjs";
import { FromStringKey } from "./from_key_string.mjs";
export function RecordAction(key, value, options) {
  if (!IsString(key)) throw new Error("a record in the bundle: expected texts as keys");
  return Memory.Update(FromStringKey(key, value), {}, options);
}
export const RecordInstantiate = undefined;`;

/**
 * Formats of texts that no schema of ours names, and that no module's configuration has a use for. JSON Schema 2020-12
 * (Validation §7.2.1) lets a validator take a format that it does not know for a remark.
 */
const FORMATS = /\/typebox\/build\/format\/(?:_registry|format)\.mjs$/;
const FORMATS_LEFT_OUT = [
  "IdnEmail",
  "IdnHostname",
  "Iri",
  "IriReference",
  "JsonPointerUriFragment",
  "RelativeJsonPointer",
  "UriReference",
  "UriTemplate",
];

/** Packages whose modules define functions and nothing else: one that is not used is not needed. */
const PURE = /^(?:typebox|yaml|@peculiar\/(?:asn1-\w+|utils))(?:\/|$)/;
const INSIDE = /\/node_modules\/(?:typebox|yaml|@peculiar\/(?:asn1-\w+|utils))\//;

/** YAML for Node is CommonJS, which cannot be taken apart. That for browsers is made of the same sources. */
const YAML = /\/yaml\/(?=dist\/index\.js$)/;

/**
 * The kinds of values of YAML 1.1, in which `no` is false: what we read is YAML 1.2 with its core schema, also where a text says
 * otherwise of itself. Only its merge keys are part of what walks a document.
 */
const YAML_TAGS = /\/yaml\/browser\/dist\/schema\/tags\.js$/;
const OLD_TAGS = /^import \{ (.+) \} from '\.\/yaml-1\.1\/(?!merge\b).*$/gm;

/** Leaves out of a bundle what nobody here calls of packages that do not say themselves that they can be taken apart. */
export const purePackages: Plugin = {
  name: "pure-packages",
  setup({ onLoad, onResolve, resolve }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path.includes("node_modules") || !OWN.test(path)) return undefined;
      const contents = readFileSync(path, "utf8").replace(IMPORT, 'import * as Type from "typebox";');
      return { contents, loader: "ts" };
    });
    onLoad({ filter: FORMATS }, ({ path }) => {
      const lines = new RegExp(`^.*\\bIs(?:${FORMATS_LEFT_OUT.join("|")})\\b.*\\n`, "gm");
      return { contents: readFileSync(path, "utf8").replace(lines, "") };
    });
    onLoad({ filter: YAML_TAGS }, ({ path }) => {
      const none = (_line: string, names: string): string => `let ${names.replace(/\w+ as /g, "")};`;
      return { contents: readFileSync(path, "utf8").replace(OLD_TAGS, none) };
    });
    onLoad({ filter: RECORD }, () => ({ contents: RECORD_OF_TEXTS }));
    onResolve({ filter: /^[@.\w]/ }, async ({ path, pluginData, importer, kind, resolveDir }) => {
      if (pluginData === PURE || !(path.startsWith(".") ? INSIDE.test(importer) : PURE.test(path))) return;
      const { errors, path: found } = await resolve(path, { importer, kind, resolveDir, pluginData: PURE });
      return errors.length > 0
        ? { errors }
        : { path: found.replace(YAML, "/yaml/browser/"), sideEffects: false };
    });
  },
};
