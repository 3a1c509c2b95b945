import { readFileSync, writeFileSync } from "node:fs";
import { readUci, type UciSection, writeUci } from "./uci-file.ts";
import { callPlugin, type Plugin } from "./ucode.ts";

/** What is granted with an ACL group of acl.d: by scope, then object, then functions. */
type Grant = Readonly<Record<string, Readonly<Record<string, readonly string[]>> | readonly string[]>>;
export type AclGroups = Readonly<Record<string, { readonly read?: Grant; readonly write?: Grant }>>;

/** Somebody who is signed in to LuCI. */
export interface LuciUser {
  readonly username: string;
  /** The groups that he may read, and those that he may write as well. */
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/** The machine around the gateway, as the tests set it. */
export interface Machine {
  /** Path of a UCI file that stands for /etc/config/tram. */
  uciFile: string;
  service: { running: boolean; enabled: boolean; exitCode?: number };
  /** What a command does: `/etc/init.d/tram start`. */
  exec: (command: string) => Promise<{ code: number; stderr?: string }>;
}

/** What everybody who is signed in has through LuCI itself. */
const OWN: Grant = {
  ubus: { session: ["access"], uci: ["get", "add", "set", "delete", "apply"], file: ["exec"] },
};

export const UBUS = { ok: 0, invalid: 2, unknownMethod: 3, denied: 6 } as const;

/** One call, or what is in the way of it. */
export type UbusReply = readonly [code: number, reply?: unknown];

/** Sessions with their rights, and the ubus objects that the views call. */
export class Rpcd {
  readonly #acl: AclGroups;
  readonly #users = new Map<string, LuciUser>();
  readonly #machine: Machine;
  readonly #plugins: Plugin;
  #staged: Map<string, UciSection> | undefined;
  /** Every call, as `object.method`. */
  readonly calls: string[] = [];

  constructor(parts: { acl: AclGroups; machine: Machine; plugins: Plugin }) {
    this.#acl = parts.acl;
    this.#machine = parts.machine;
    this.#plugins = parts.plugins;
  }

  signIn(session: string, user: LuciUser): void {
    this.#users.set(session, user);
  }

  user(session: string): LuciUser | undefined {
    return this.#users.get(session);
  }

  /** Whether a session may: `may(session, "uci", "tram", "write")`, `may(session, "ubus", "tram", "ticket")`. */
  may(session: string, scope: string, object: string, method: string): boolean {
    const user = this.#users.get(session);
    if (user === undefined) return false;
    const grants = [
      { grant: OWN, access: "write" },
      ...user.read.map((group) => ({ grant: this.#acl[group]?.read, access: "read" })),
      ...user.write.map((group) => ({ grant: this.#acl[group]?.write, access: "write" })),
    ];
    return grants.some(({ grant, access }) => {
      const objects = grant?.[scope];
      // A list (`"uci": ["tram"]`) grants by the kind of access, a map its functions.
      if (objects === undefined) return false;
      if (Array.isArray(objects)) return objects.includes(object) && access === method;
      return (objects as Readonly<Record<string, readonly string[]>>)[object]?.includes(method) === true;
    });
  }

  /** Undefined when the session may not. */
  async call(
    session: string,
    object: string,
    method: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<UbusReply | undefined> {
    this.calls.push(`${object}.${method}`);
    if (!this.may(session, "ubus", object, method)) return undefined;
    switch (`${object}.${method}`) {
      case "session.access":
        return [
          UBUS.ok,
          { access: this.may(session, String(args.scope), String(args.object), String(args.function)) },
        ];
      case "rc.list": {
        const { enabled, running } = this.#machine.service;
        return [UBUS.ok, { tram: { start: 90, enabled, running } }];
      }
      case "service.list":
        return [UBUS.ok, this.#serviceList()];
      case "file.exec":
        return this.#exec(session, [args.command, ...(args.params as string[])].join(" "));
      default:
        return object === "uci"
          ? this.#uci(session, method, args)
          : this.#plugin(session, object, method, args);
    }
  }

  #serviceList(): unknown {
    const { running, exitCode } = this.#machine.service;
    if (!running && exitCode === undefined) return { tram: {} };
    const state = running ? { running, pid: 4_711 } : { running, exit_code: exitCode };
    return { tram: { instances: { instance1: state } } };
  }

  async #exec(session: string, command: string): Promise<UbusReply> {
    if (!this.may(session, "file", command, "exec")) return [UBUS.denied];
    return [UBUS.ok, await this.#machine.exec(command)];
  }

  async #plugin(
    session: string,
    object: string,
    method: string,
    args: Readonly<Record<string, unknown>>,
  ): Promise<UbusReply> {
    const found = this.#plugins[object]?.[method];
    if (found === undefined) return [UBUS.unknownMethod];
    try {
      return [UBUS.ok, await callPlugin(found, { ...args, ubus_rpc_session: session })];
    } catch (error) {
      if ((error as Error).message === "invalid") return [UBUS.invalid];
      throw error;
    }
  }

  #uci(session: string, method: string, args: Readonly<Record<string, unknown>>): UbusReply {
    if (
      method !== "apply" &&
      !this.may(session, "uci", String(args.config), method === "get" ? "read" : "write")
    ) {
      return [UBUS.denied];
    }
    const sections = this.#staged ?? readUci(readFileSync(this.#machine.uciFile, "utf8"));
    switch (method) {
      case "get":
        return [UBUS.ok, { values: shown(sections) }];
      case "add":
        sections.set(String(args.name), { type: String(args.type), values: {} });
        break;
      case "set":
        Object.assign(sections.get(String(args.section))?.values ?? {}, args.values);
        break;
      case "delete":
        if (args.option === undefined) sections.delete(String(args.section));
        else delete sections.get(String(args.section))?.values[String(args.option)];
        break;
      case "apply":
        if (this.#staged !== undefined) writeFileSync(this.#machine.uciFile, writeUci(this.#staged));
        this.#staged = undefined;
        return [UBUS.ok];
    }
    this.#staged = sections;
    return [UBUS.ok];
  }
}

function shown(sections: ReadonlyMap<string, UciSection>): Record<string, unknown> {
  return Object.fromEntries(
    [...sections].map(([name, { type, values }], index) => [
      name,
      { ".name": name, ".type": type, ".anonymous": false, ".index": index, ...values },
    ]),
  );
}
