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

/** @returns what it heard so far. */
export async function askWatcher(watcher: Child): Promise<Heard> {
  const known = reports(watcher).length;
  watcher.process.stdin?.write("report\n");
  const until = performance.now() + 30_000;
  while (reports(watcher).length === known) {
    if (performance.now() > until || watcher.hasEnded) throw new Error(`no report: ${watcher.output}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return JSON.parse(reports(watcher).at(-1) ?? "{}");
}

function reports(watcher: Child): readonly string[] {
  return watcher.output.match(/^\{.*\}(?=\n)/gm) ?? [];
}
