import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StoreError } from "@tram/core";
import { ID_PATTERN, isJsonObject, type Json, type JsonObject } from "@tram/protocol";
import { type CloudSettings, checkConfig } from "../config/check.ts";
import { readSmallFile } from "../config/read-file.ts";
import { syncFile } from "../store/disk.ts";
import { failureOf } from "../store/store-failure.ts";
import { type FeatureMeter, wholeFileBytes } from "../write-meter/write-meter.ts";

/** How an AWS IoT gateway gets its next certificate: from the template that gave it the first. */
export interface ProvisionedBy {
  readonly template: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A cloud as it is kept. */
export interface CloudRecord {
  /** As it would stand in the configuration file, without the names of its certificate files. */
  readonly entry: JsonObject & { readonly id: string };
  readonly provisionedBy?: ProvisionedBy;
  readonly ca?: string;
  readonly cert?: string;
  /** Secret; it was made or brought here. */
  readonly key?: string;
}

/** A cloud as it was found. */
export type KeptCloud =
  | {
      readonly id: string;
      readonly record: CloudRecord;
      readonly settings: CloudSettings;
    }
  | { readonly id: string; readonly problem: string };

/** Where they lie below the data folder. */
export const CLOUD_FOLDER = "cloud";
const FILE_LIMIT_BYTES = 262_144;
const DESCRIPTION = "cloud.json";
/** Files of what a cloud is shown, and of whom it is believed. */
export const PARTS = { ca: "ca.pem", cert: "cert.pem", key: "key.pem" } as const;
/** What somebody was at when the power went, by what it is good for. */
const HALF = { draft: ".draft-", next: ".next-", old: ".old-", gone: ".gone-" } as const;

/**
 * The clouds that were added to the running gateway: a folder each, below `<data>/cloud`, which nobody else may read. A
 * folder is written beside its place and moved there whole: there is never half a cloud.
 */
export class CloudFolders {
  readonly #root: string;
  readonly #meter: Pick<FeatureMeter, "wrote"> | undefined;

  /** @param root `<data>/cloud`. It need not be there. */
  constructor(root: string, meter?: Pick<FeatureMeter, "wrote">) {
    this.#root = root;
    this.#meter = meter;
  }

  /** Ends what was begun before the last end of the program. @throws {StoreError} */
  recover(): void {
    this.#onDisk(() => {
      for (const name of this.#names()) {
        if (name.startsWith(HALF.draft)) this.#discard(name);
        if (name.startsWith(HALF.gone)) this.#empty(name);
      }
      for (const name of this.#names()) {
        // It was whole, and a connection had been made with it.
        if (name.startsWith(HALF.next)) this.#exchange(name.slice(HALF.next.length));
      }
      for (const name of this.#names()) if (name.startsWith(HALF.old)) this.#discard(name);
    });
  }

  /** All that are kept, by their ids. What cannot be read or does not fit is told in its place. */
  list(): readonly KeptCloud[] {
    return this.#names()
      .filter((name) => new RegExp(ID_PATTERN).test(name))
      .sort()
      .map((id) => this.#read(id));
  }

  has(id: string): boolean {
    return new RegExp(ID_PATTERN).test(id) && existsSync(join(this.#root, id));
  }

  /**
   * Keeps a cloud, in the place of the one of its id. It survives a power cut once this has returned.
   * @returns it as it would be read. @throws {StoreError} with nothing changed.
   */
  write(record: CloudRecord): KeptCloud {
    const { entry, provisionedBy } = record;
    const { id } = entry;
    this.#onDisk(() => {
      const draft = join(this.#root, HALF.draft + id);
      rmSync(draft, { recursive: true, force: true });
      mkdirSync(draft, { recursive: true, mode: 0o700 });
      chmodSync(this.#root, 0o700);
      const description = { entry, ...(provisionedBy === undefined ? {} : { provisionedBy }) };
      this.#put(join(draft, DESCRIPTION), `${JSON.stringify(description, null, 2)}\n`);
      for (const part of ["ca", "cert", "key"] as const) {
        const text = record[part];
        if (text !== undefined) this.#put(join(draft, PARTS[part]), text);
      }
      syncFile(draft);
      if (this.has(id)) {
        this.#move(HALF.draft + id, HALF.next + id);
        this.#exchange(id);
        this.#discard(HALF.old + id);
      } else this.#move(HALF.draft + id, id);
    });
    return this.#read(id);
  }

  /**
   * Takes one away, with its key. That it was there is remembered until `forgotten`.
   * @returns whether there was one. @throws {StoreError}
   */
  remove(id: string): boolean {
    if (!this.has(id)) return false;
    this.#onDisk(() => {
      this.#discard(HALF.gone + id);
      this.#move(id, HALF.gone + id);
      this.#empty(HALF.gone + id);
    });
    return true;
  }

  /** Those that were removed, and whose messages may still lie in the store: the next cloud of that id must not get them. */
  removed(): readonly string[] {
    return this.#names()
      .filter((name) => name.startsWith(HALF.gone))
      .map((name) => name.slice(HALF.gone.length));
  }

  /** Nothing is left of a removed one. @throws {StoreError} */
  forgotten(id: string): void {
    this.#onDisk(() => this.#discard(HALF.gone + id));
  }

  #read(id: string): KeptCloud {
    const folder = join(this.#root, id);
    const content = readSmallFile(join(folder, DESCRIPTION), FILE_LIMIT_BYTES);
    if ("found" in content) return { id, problem: `${DESCRIPTION}: ${content.found}` };
    let kept: unknown;
    try {
      kept = JSON.parse(content.toString("utf8"));
    } catch {
      return { id, problem: `${DESCRIPTION} is not JSON` };
    }
    const { entry, provisionedBy } = (isJsonObject(kept as Json) ? kept : {}) as Partial<CloudRecord>;
    if (!isJsonObject(entry as Json) || entry?.id !== id) {
      return { id, problem: `${DESCRIPTION} does not say that it is the cloud ${id}` };
    }
    const parts: { -readonly [Part in keyof typeof PARTS]?: string } = {};
    const files: Record<string, Json> = {};
    for (const part of ["ca", "cert", "key"] as const) {
      const text = readSmallFile(join(folder, PARTS[part]), FILE_LIMIT_BYTES);
      if ("found" in text) continue;
      parts[part] = text.toString("utf8");
      files[`${part}_file`] = PARTS[part];
    }
    const checked = checkCloud({ ...entry, ...files }, folder);
    if ("problem" in checked) return { id, problem: checked.problem };
    const record = { entry, ...(provisionedBy === undefined ? {} : { provisionedBy }), ...parts };
    return { id, record, settings: checked };
  }

  #names(): readonly string[] {
    return existsSync(this.#root) ? readdirSync(this.#root) : [];
  }

  #put(path: string, text: string): void {
    writeFileSync(path, text, { mode: 0o600, flush: true });
    this.#meter?.wrote(wholeFileBytes(Buffer.byteLength(text)));
  }

  /** `.next-<id>` takes the place of `<id>`, whichever of the two steps were done before. */
  #exchange(id: string): void {
    if (existsSync(join(this.#root, id))) {
      this.#discard(HALF.old + id);
      this.#move(id, HALF.old + id);
    }
    this.#move(HALF.next + id, id);
  }

  #move(from: string, to: string): void {
    renameSync(join(this.#root, from), join(this.#root, to));
    syncFile(this.#root);
  }

  #discard(name: string): void {
    rmSync(join(this.#root, name), { recursive: true, force: true });
  }

  /** A folder without its contents. */
  #empty(name: string): void {
    for (const file of readdirSync(join(this.#root, name))) this.#discard(join(name, file));
  }

  #onDisk(work: () => void): void {
    try {
      work();
    } catch (cause) {
      const { code, message } = failureOf(cause);
      throw new StoreError(code, message, { cause });
    }
  }
}

/** Checks an entry as one of the configuration file. @param folder where its files lie. */
export function checkCloud(entry: JsonObject, folder: string): CloudSettings | { readonly problem: string } {
  const checked = checkConfig({ cloud: [entry] }, folder);
  if (!("document" in checked)) {
    const lines = checked.map(({ path, problem }) => `${path.replace(/^cloud\[0\]\.?/, "")}: ${problem}`);
    return { problem: lines.join("; ") };
  }
  const [settings] = checked.cloud;
  return settings ?? { problem: "there is nothing in it" };
}
