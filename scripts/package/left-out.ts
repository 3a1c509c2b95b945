import type { Plugin } from "esbuild";

/** Packages that a dependency takes when they happen to be there. What lies around on a router must not decide. */
const OPTIONAL = /^supports-color$/;

/** What the MQTT client brings for ways that the gateway never goes: through a SOCKS proxy, and in a browser. */
const UNUSED = /^(?:socks|worker-timers)$/;

/** Copies of Node's own modules for other places than Node. */
const COPIES: ReadonlyMap<string, string> = new Map([["readable-stream", "stream"]]);

/** Leaves out of a bundle what no gateway needs. It is half of what the MQTT client would bring. */
export const leftOut: Plugin = {
  name: "left-out",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: OPTIONAL }, ({ path }) => ({ path, namespace: "absent" }));
    onResolve({ filter: UNUSED }, ({ path }) => ({ path, namespace: "unused" }));
    onResolve({ filter: new RegExp(`^(?:${[...COPIES.keys()].join("|")})$`) }, ({ path }) => ({
      path: COPIES.get(path) ?? path,
      namespace: "node-builtin",
    }));
    onLoad({ filter: /.*/, namespace: "absent" }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`${path} is not part of the bundle`)});`,
    }));
    // Loaded with the client, and asked for nothing.
    onLoad({ filter: /.*/, namespace: "unused" }, () => ({ contents: "module.exports = {};" }));
  },
};
