import { AsyncLocalStorage } from "node:async_hooks";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The functions that ask the machine for the time, or wait for it to pass. */
const WATCHED: readonly { readonly on: object; readonly name: string; readonly label: string }[] = [
  ...["setTimeout", "setInterval", "setImmediate"].flatMap((name) => [
    { on: globalThis, name, label: name },
    { on: timers, name, label: `node:timers ${name}` },
    { on: timersPromises, name, label: `node:timers/promises ${name}` },
  ]),
  { on: Date, name: "now", label: "Date.now" },
  { on: performance, name: "now", label: "performance.now" },
  { on: AbortSignal, name: "timeout", label: "AbortSignal.timeout" },
];

interface Watch {
  readonly uses: Set<string>;
}

/**
 * Which watch the running code belongs to. The context follows promises and callbacks, so the test runner's own
 * timers, which run beside, are not blamed on the module.
 */
const current = new AsyncLocalStorage<Watch>();
const HERE = fileURLToPath(new URL(".", import.meta.url));
let watches = 0;
let restore: () => void = () => undefined;

/**
 * Runs `work` and tells where it, or anything it started, asked the machine for the time. The functions are replaced
 * for that while and still do what they do. A function that code kept a reference to before is not seen.
 * @param report gets each use once, as `Date.now at file:///…/radio.ts:12:7`, also when `work` rejects.
 */
export async function watchRealTime(work: () => Promise<void>, report: (use: string) => void): Promise<void> {
  const watch: Watch = { uses: new Set() };
  if (watches++ === 0) restore = install();
  try {
    await current.run(watch, work);
  } finally {
    if (--watches === 0) restore();
    for (const use of watch.uses) report(use);
  }
}

function install(): () => void {
  const undo = WATCHED.map(({ on, name, label }) => {
    const own = Object.getOwnPropertyDescriptor(on, name);
    const original: unknown = Reflect.get(on, name);
    if (typeof original !== "function") return () => undefined;
    const watched = new Proxy(original, {
      apply(target, self, args) {
        note(label);
        return Reflect.apply(target, self, args);
      },
    });
    Object.defineProperty(on, name, { value: watched, configurable: true, writable: true });
    return () => {
      if (own === undefined) Reflect.deleteProperty(on, name);
      else Object.defineProperty(on, name, own);
    };
  });
  const RealDate = globalThis.Date;
  globalThis.Date = new Proxy(RealDate, {
    construct(target, args, newTarget) {
      if (args.length === 0) note("new Date()");
      return Reflect.construct(target, args, newTarget);
    },
    apply(target, self, args) {
      note("Date()");
      return Reflect.apply(target, self, args);
    },
  });
  syncBuiltinESMExports();
  return () => {
    globalThis.Date = RealDate;
    for (const step of undo) step();
    syncBuiltinESMExports();
  };
}

function note(label: string): void {
  current.getStore()?.uses.add(`${label} ${caller()}`);
}

/** The first line of the stack that is neither this file nor Node itself. */
function caller(): string {
  const lines = new Error("stack").stack?.split("\n").slice(1) ?? [];
  const line = lines.find(
    (each) => !each.includes(`${HERE}real-time-watch`) && !each.includes("node:") && each.includes(":"),
  );
  return line?.trim() ?? "at an unknown place";
}
