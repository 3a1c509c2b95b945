import { join } from "node:path";
import { Child } from "../child-processes.ts";

/** What arrived of one kind; ages in milliseconds. */
export interface HeardKind {
  readonly count: number;
  readonly twice: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** By kind, and when the first and the last of all came. */
export type Heard = { readonly first: number; readonly last: number } & {
  readonly [kind: string]: HeardKind | number;
};

/** Starts a watcher and waits until it hears. */
export async function watch(port: number, filters: readonly string[]): Promise<Child> {
  const program = join(import.meta.dirname, "watcher.ts");
  const watcher = new Child(process.execPath, ["--conditions=source", program, String(port), ...filters], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  await watcher.says(/^listening$/m);
  return watcher;
}

let asked = 0;

/** @returns what it heard so far. */
export async function askWatcher(watcher: Child): Promise<Heard> {
  const number = ++asked;
  const answer = new RegExp(`^report ${number} (.*)$`, "m");
  watcher.process.stdin?.write(`report ${number}\n`);
  await watcher.says(new RegExp(`^report ${number} .*\\n`, "m"));
  return JSON.parse(answer.exec(watcher.output)?.[1] ?? "{}");
}
