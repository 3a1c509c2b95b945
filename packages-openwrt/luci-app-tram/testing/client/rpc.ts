import type { Environment } from "./environment.ts";

interface Declaration {
  readonly object: string;
  readonly method: string;
  readonly params?: readonly string[];
  readonly expect?: Readonly<Record<string, unknown>>;
  readonly reject?: boolean;
}

/** What `rpc.declare` makes. */
export type RpcCall = (...args: unknown[]) => Promise<unknown>;

const TYPE_OF = Object.prototype.toString;

/** Calls to rpcd: JSON-RPC 2.0, one a request (LuCI puts several into one). */
export function rpcOf(env: Environment) {
  let id = 0;
  return {
    declare:
      ({ object, method, params = [], expect, reject = false }: Declaration): RpcCall =>
      async (...args) => {
        const named = Object.fromEntries(params.map((name, index) => [name, args[index]]));
        const response = await fetch(`${env.scriptname}/admin/ubus`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            jsonrpc: "2.0",
            id: ++id,
            method: "call",
            params: [env.sessionid, object, method, named],
          }),
        });
        const where = `RPC call to ${object}/${method} failed`;
        if (!response.ok) throw new Error(`${where} with HTTP error ${response.status}`);
        const { result, error } = (await response.json()) as {
          result?: readonly unknown[];
          error?: { code: number; message: string };
        };
        if (error !== undefined) throw new Error(`${where} with error ${error.code}: ${error.message}`);
        const [code, reply] = result ?? [];
        if (reject && code !== 0) throw new Error(`${where} with ubus code ${String(code)}`);
        return expected(result !== undefined && result.length > 1 ? reply : code, expect);
      },
  };
}

/** `expect: { key: value }`: the member `key` (all of it for an empty key), or the value where its type is another. */
function expected(reply: unknown, expect: Declaration["expect"]): unknown {
  const [entry] = Object.entries(expect ?? {});
  if (entry === undefined) return reply;
  const [key, fallback] = entry;
  const found = key === "" ? reply : (reply as Record<string, unknown> | null | undefined)?.[key];
  return TYPE_OF.call(found) === TYPE_OF.call(fallback) ? found : fallback;
}

/** Running programs over rpcd's object `file`. */
export function fsOf(rpc: ReturnType<typeof rpcOf>) {
  const call = rpc.declare({ object: "file", method: "exec", params: ["command", "params"], reject: true });
  return { exec: (command: string, params: readonly string[]) => call(command, params) };
}
