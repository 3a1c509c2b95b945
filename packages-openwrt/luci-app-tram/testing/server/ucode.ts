import { readFileSync } from "node:fs";
import type { BlockingSocket } from "./blocking-socket.ts";

/** A method of an rpcd plugin. */
interface Method {
  /** A value of its type for each argument. */
  readonly args?: Readonly<Record<string, unknown>>;
  readonly call: (request: { args: unknown; reply: (answer: unknown) => void }) => unknown;
}

export type Plugin = Readonly<Record<string, Readonly<Record<string, Method>>>>;

export interface UcodeHouse {
  readonly socket: BlockingSocket;
  /** Name of the user of an rpcd session. */
  readonly username: (session: string) => string | undefined;
}

const DEFERRED = { deferred: true };

/** Texts of ucode are bytes; here a character is one byte. */
const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
const text = (of: string): string => Buffer.from(of, "latin1").toString("utf8");

/** The functions of ucode's core that the plugin uses. */
const CORE = {
  clock: () => {
    const ns = process.hrtime.bigint();
    return [Number(ns / 1_000_000_000n), Number(ns % 1_000_000_000n)];
  },
  index: (of: string, part: string) => of.indexOf(part),
  int: (of: string | number) => Math.trunc(Number(of)),
  join: (between: string, parts: readonly string[]) => parts.join(between),
  json: (of: string) => JSON.parse(of),
  keys: (of: object) => Object.keys(of),
  lc: (of: string) => of.toLowerCase(),
  length: (of: string | readonly unknown[]) => of.length,
  match: (of: string, pattern: RegExp) => of.match(pattern),
  push: (to: unknown[], ...values: unknown[]) => to.push(...values),
  replace: (of: string, pattern: RegExp, by: string) => of.replace(pattern, by),
  split: (of: string, at: string) => of.split(at),
  sprintf: (pattern: string, value: unknown) => {
    if (pattern !== "%J") throw new Error(`sprintf is known for %J alone, found ${pattern}`);
    return JSON.stringify(value);
  },
  substr: (of: string, at: number, count?: number) =>
    of.slice(at, count === undefined ? undefined : at + count),
  type: (of: unknown) => {
    if (of === null || of === undefined) return null;
    if (typeof of === "number") return Number.isInteger(of) ? "int" : "double";
    if (typeof of === "boolean") return "bool";
    return Array.isArray(of) ? "array" : typeof of;
  },
};

/** Loads a plugin of rpcd. It is run as JavaScript: it keeps to what both languages have in common. */
export function loadPlugin(file: string, house: UcodeHouse): Plugin {
  const ubus = {
    connect: () => ({
      // The session's object is rpcd's own, and rpcd is busy with this very call: the answer comes later.
      defer: (
        object: string,
        method: string,
        args: { ubus_rpc_session: string },
        tell: (code: number, reply: unknown) => void,
      ) => {
        if (`${object}.${method}` !== "session.get") throw new Error(`${object}.${method} is not known`);
        const username = house.username(args.ubus_rpc_session);
        queueMicrotask(() => tell(username === undefined ? 4 : 0, { values: { username } }));
        return DEFERRED;
      },
    }),
  };
  const require = (name: string): unknown => {
    if (name === "socket") return house.socket;
    if (name === "ubus") return ubus;
    throw new Error(`no module ${name}`);
  };
  const names = Object.keys(CORE);
  return new Function("require", ...names, readFileSync(file, "utf8"))(
    require,
    ...Object.values(CORE),
  ) as Plugin;
}

/** Calls a method as rpcd does. Rejects with `invalid` when an argument is unknown or of another type. */
export function callPlugin(method: Method, args: Readonly<Record<string, unknown>>): Promise<unknown> {
  for (const [name, value] of Object.entries(args)) {
    if (name === "ubus_rpc_session") continue;
    if (typeof method.args?.[name] !== typeof value) return Promise.reject(new Error("invalid"));
  }
  const given = Object.fromEntries(
    Object.entries(args).map(([name, value]) => [name, typeof value === "string" ? bytes(value) : value]),
  );
  return new Promise((resolve) => {
    const reply = (answer: unknown): void => resolve(inText(answer));
    const returned = method.call({ args: given, reply });
    if (returned !== DEFERRED) reply(returned);
  });
}

function inText(answer: unknown): unknown {
  return Object.fromEntries(
    Object.entries(answer as object).map(([name, value]) => [
      name,
      typeof value === "string" ? text(value) : value,
    ]),
  );
}
