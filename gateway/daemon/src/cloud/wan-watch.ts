import { join } from "node:path";
import type { Clock, Log, WanState } from "@tram/core";
import type { Ms } from "@tram/protocol";
import { readSmallFile } from "../config/read-file.ts";

/** How often the file is looked at; it lies in memory. */
const LOOK_MS: Ms = 10_000;
/** It holds one word. In bytes. */
const FILE_LIMIT_BYTES = 64;
const FILE = "wan";

export interface WanWatchParts {
  readonly clock: Pick<Clock, "every">;
  readonly log: Pick<Log, "info">;
  /** What the configuration says. */
  readonly setting: "metered" | "unmetered" | undefined;
  /** The runtime folder, where there is one. */
  readonly folder: string | undefined;
}

/**
 * Whether the way to the Internet costs by the byte: what the file `wan` in the runtime folder says (a script that
 * switches from the cable to the SIM writes it, and it is gone after a restart of the router), else the configuration.
 */
export class WanWatch implements WanState, Disposable {
  readonly #parts: WanWatchParts;
  readonly #listeners = new Set<() => void>();
  #told: WanState["state"] | undefined;
  #looking: Disposable | undefined;

  constructor(parts: WanWatchParts) {
    this.#parts = parts;
  }

  /** Looks now, and from now on. */
  begin(): void {
    if (this.#parts.folder === undefined || this.#looking !== undefined) return;
    this.#told = this.#read();
    this.#looking = this.#parts.clock.every(LOOK_MS, () => this.#look());
  }

  get state(): WanState["state"] {
    return this.#told ?? this.#parts.setting ?? "unknown";
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#looking?.[Symbol.dispose]();
    this.#listeners.clear();
  }

  #look(): void {
    const before = this.state;
    this.#told = this.#read();
    if (this.state === before) return;
    this.#parts.log.info({ wan: this.state }, "the way to the Internet has changed");
    for (const listener of [...this.#listeners]) listener();
  }

  /** @returns `undefined` where nobody has written one of the two words. */
  #read(): WanState["state"] | undefined {
    const content = readSmallFile(join(this.#parts.folder ?? "", FILE), FILE_LIMIT_BYTES);
    if ("found" in content) return undefined;
    const word = content.toString("latin1").trim();
    return word === "metered" || word === "unmetered" ? word : undefined;
  }
}
