import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "esbuild";

/** Packages that a dependency takes when they happen to be there. What lies around on a router must not decide. */
const OPTIONAL = /^supports-color$/;

/**
 * What dependencies bring for ways that the gateway never goes: the MQTT client through a SOCKS proxy and in a browser,
 * the logger into threads of its own.
 */
const UNUSED = /^(?:socks|worker-timers|thread-stream)$/;
/** The logger's way to write down what contains itself. Nothing that we log does; it says by itself that it could not. */
const CIRCULAR = /^safe-stable-stringify$/;
/** The same in the logger itself. */
const UNUSED_OF_LOGGER = /\/(?:transport|multistream)$/;
/** The MQTT client in the apps of two shops. */
const UNUSED_OF_CLIENT = /^\.\/(?:ali|wx)$/;
const CLIENT = /\/node_modules\/mqtt\/build\//;
const LOGGER = /\/node_modules\/pino\//;
/** The MQTT client's way through such a proxy. */
const PROXY = /\/mqtt\/build\/lib\/connect\/socks\.js$/;
/** Writes for those who develop the MQTT client; of it nothing is called but what makes a writer. */
const SILENT = /^debug$/;
/** Where those writers are called, with sentences of their own: 6 kB of them. */
const TALKATIVE = /\/(?:mqtt\/build\/lib|mqtt-packet)\/.*\.js$/;
const REMARK = /\b(?:(?:this|client)\.log|debug)\(/g;
/** Of Thing Models what is there for people and for Matter, which the gateway does not speak. */
const MODEL = /\.tm\.json$/;
const NOT_SPOKEN = new Set(["matter:mapping", "matter:deviceTypes", "@context"]);

/** Of which the MQTT client and the broker want their version alone. */
const MANIFEST = /\/(?:mqtt|aedes)\/package\.json$/;
/** Of which it wants a map of some entries. */
const CACHE = /^lru-cache$/;

/** Copies of Node's own modules for other places than Node. */
const COPIES: ReadonlyMap<string, string> = new Map([["readable-stream", "stream"]]);

/** Leaves out of a bundle what no gateway needs. It is half of what the MQTT client would bring. */
export const leftOut: Plugin = {
  name: "left-out",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: OPTIONAL }, ({ path }) => ({ path, namespace: "absent" }));
    onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: "unused" }));
    onResolve({ filter: UNUSED_OF_LOGGER }, ({ path, importer }) =>
      LOGGER.test(importer) ? { path, namespace: "unused" } : undefined,
    );
    onResolve({ filter: UNUSED_OF_CLIENT }, ({ path, importer }) =>
      CLIENT.test(importer) ? { path, namespace: "unused" } : undefined,
    );
    onResolve({ filter: SILENT }, ({ path }) => ({ path, namespace: "silent" }));
    onResolve({ filter: new RegExp(`^(?:${[...COPIES.keys()].join("|")})$`) }, ({ path }) => ({
      path: COPIES.get(path) ?? path,
      namespace: "node-builtin",
    }));
    onLoad({ filter: /.*/, namespace: "absent" }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is not part of the bundle`)});`,
    }));
    onResolve({ filter: CIRCULAR }, ({ path }) => ({ path, namespace: "unused" }));
    onLoad({ filter: CIRCULAR, namespace: "unused" }, () => ({
      contents: 'exports.configure = () => () => { throw new Error("it contains itself"); };',
    }));
    // Loaded with the client, and asked for nothing.
    onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
    onLoad({ filter: /.*/, namespace: "silent" }, () => ({
      contents: "module.exports = () => Object.assign(() => {}, { enabled: false });",
    }));
    // An environment that asks for a proxy gets an error that says so, and not a way past it. The client tells of errors
    // with codes that it knows.
    onLoad({ filter: PROXY }, () => ({
      contents: `exports.__esModule = true;
        exports.default = () => {
          const error = new Error("there is no way through a SOCKS proxy");
          error.code = "ECONNREFUSED";
          return new (require("node:stream").Duplex)().destroy(error);
        };`,
    }));
    // A call that has no effect, and whose result nobody takes, is left out by the bundler.
    onLoad({ filter: TALKATIVE }, ({ path }) => ({
      contents: readFileSync(path, "utf8").replaceAll(REMARK, "/* @__PURE__ */ $&"),
    }));
    onLoad({ filter: MANIFEST }, ({ path }) => {
      const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
      return { contents: JSON.stringify({ version }), loader: "json" };
    });
    onResolve({ filter: CACHE }, () => ({ path: join(import.meta.dirname, "lru-cache.ts") }));
    onLoad({ filter: MODEL }, ({ path }) => {
      const model: unknown = JSON.parse(readFileSync(path, "utf8"));
      const spoken = JSON.stringify(model, (key, value: unknown) =>
        NOT_SPOKEN.has(key) ? undefined : value,
      );
      return { contents: spoken, loader: "json" };
    });
  },
};
