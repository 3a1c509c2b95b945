import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { RouterRoot, type RouterUser } from "../../../e2e/src/router-root.ts";

/** The package's user, as its Makefile names it. */
export const TRAM_USER: RouterUser = { name: "tram", uid: 1_883 };

const STAND_INS: Readonly<Record<string, string>> = {
  "rc.common": "etc/rc.common",
  "functions.sh": "lib/functions.sh",
  "procd.sh": "lib/functions/procd.sh",
  uci: "sbin/uci",
  ubus: "bin/ubus",
  "jshn.sh": "usr/share/libubox/jshn.sh",
  logger: "usr/bin/logger",
  pgrep: "usr/bin/pgrep",
};

/** What an init script did, and what procd would have running after it. */
export interface Outcome {
  readonly status: number;
  readonly output: string;
  /** Each call with its arguments. */
  readonly calls: readonly (readonly string[])[];
  /** Lines of the system log: tag, priority, text. */
  readonly syslog: readonly string[];
}

/** A router's root with stand-ins for what OpenWrt brings: the scripts of the package run in it as they are. */
export class ScriptRouter {
  readonly root: RouterRoot;

  constructor(folder: string) {
    this.root = new RouterRoot(folder);
    for (const [name, target] of Object.entries(STAND_INS)) {
      const to = this.root.file(target);
      mkdirSync(dirname(to), { recursive: true });
      copyFileSync(join(import.meta.dirname, "stand-ins", name), to);
      chmodSync(to, 0o755);
    }
    this.forget();
    this.root.addUser(TRAM_USER);
  }

  /** Whether procd has an instance of the gateway, and which: each start makes another one. */
  get running(): string | undefined {
    const file = this.root.file("record/running");
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  }

  /** Runs a shell command in the root as root. What was recorded before is forgotten, what runs goes on. */
  call(command: string, environment: Readonly<Record<string, string>> = {}): Outcome {
    for (const name of ["calls", "syslog"]) rmSync(this.root.file(`record/${name}`), { force: true });
    this.root.write("record/calls", "");
    const { status, output } = this.root.run(command, environment);
    return {
      status,
      output,
      calls: this.#lines("calls").map((line) => line.split("\t")),
      syslog: this.#lines("syslog"),
    };
  }

  /** A router that was never started: nothing runs, nothing was recorded. */
  forget(): void {
    rmSync(this.root.file("record"), { recursive: true, force: true });
    this.root.write("record/calls", "");
    for (const name of readdirSync(this.root.file("var/run"))) {
      rmSync(this.root.file(`var/run/${name}`), { recursive: true, force: true });
    }
  }

  /** `0750 0:1883` */
  modeAndOwner(path: string): string {
    const { mode, uid, gid } = statSync(this.root.file(path));
    return `${(mode & 0o7777).toString(8).padStart(4, "0")} ${uid}:${gid}`;
  }

  #lines(name: string): string[] {
    const file = this.root.file(`record/${name}`);
    return existsSync(file)
      ? readFileSync(file, "utf8")
          .split("\n")
          .filter((line) => line !== "")
      : [];
  }
}

/** What a call was given: the arguments of the first of its name. */
export function argumentsOf(outcome: Outcome, name: string, first?: string): readonly string[] | undefined {
  return outcome.calls
    .find(([call, argument]) => call === name && (first === undefined || argument === first))
    ?.slice(first === undefined ? 1 : 2);
}
