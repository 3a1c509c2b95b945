import { existsSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { pipeline, Readable } from "node:stream";
import { createGzip } from "node:zlib";
import type { Clock } from "@tram/core";
import { PRODUCT } from "@tram/protocol";
import type { Audit } from "../audit/audit-log.ts";
import { runSnapshotJob, snapshotProgram } from "../store/snapshot-thread.ts";
import type { SqliteStore } from "../store/sqlite-store.ts";
import { BackupError } from "./backup-error.ts";
import { type ContentSource, describeContent, writeContent } from "./content.ts";
import { type GatherFrom, gatherFiles } from "./gather.ts";
import { type BackupEntry, CONTENT_FORMAT, type Manifest } from "./manifest.ts";
import { OMISSION } from "./omission.ts";
import { seal } from "./sealed.ts";
import { checkPassphrase } from "./sealed-head.ts";
import { makeWorkFolder, removeWorkFolder } from "./work-folder.ts";

export interface BackupsParts {
  /** Writes down what the history has in memory. */
  readonly flushHistory?: () => Promise<void>;
  readonly clock: Pick<Clock, "now" | "trust">;
  readonly gateway: { readonly id: string; readonly name: string };
  readonly store: Pick<SqliteStore, "copy">;
  readonly from: GatherFrom;
  readonly audit: Audit;
}

export interface BackupRequest {
  readonly passphrase: string;
  /** With what the gateway remembers of the past. */
  readonly history: boolean;
  /** Who asks, and from where. */
  readonly by: string;
  readonly address?: string | undefined;
}

export interface TakenBackup {
  readonly manifest: Manifest;
  /** The sealed file. Read it or destroy it: the next backup waits for that. */
  readonly stream: Readable;
}

const HISTORY = "history.db";
/** Beyond what the copies need. In bytes. */
const RESERVE_BYTES = 1_048_576;

/** Makes backups of the gateway while it runs, one at a time. */
export class Backups {
  readonly #parts: BackupsParts;
  #busy = false;

  constructor(parts: BackupsParts) {
    this.#parts = parts;
  }

  /**
   * Takes a snapshot of everything and begins to seal it.
   * @throws {BackupError} `passphrase`, `busy` or `room`.
   * @throws {StoreError} when the database cannot be copied.
   */
  async take(request: BackupRequest): Promise<TakenBackup> {
    checkPassphrase(request.passphrase);
    if (this.#busy) throw new BackupError("busy", "a backup is being made: try again when it is done");
    this.#busy = true;
    const { data } = this.#parts.from;
    const end = (): void => {
      removeWorkFolder(data);
      this.#busy = false;
    };
    try {
      const { manifest, sources } = await this.#collect(request.history);
      const { by, address } = request;
      const detail = request.history ? "with history" : "without history";
      this.#parts.audit({ action: "backup-taken", subject: PRODUCT.name, by, address, detail });
      const stream = sealed(manifest, sources, request.passphrase);
      stream.once("close", end);
      return { manifest, stream };
    } catch (error) {
      end();
      throw error;
    }
  }

  async #collect(
    history: boolean,
  ): Promise<{ manifest: Manifest; sources: ReadonlyMap<string, ContentSource> }> {
    const { clock, from, gateway, store } = this.#parts;
    const past = join(from.data, HISTORY);
    const withPast = history && existsSync(past);
    checkRoom(from.data, [join(from.data, `${PRODUCT.name}.db`), ...(withPast ? [past] : [])]);
    const work = makeWorkFolder(from.data);
    const createdAt = new Date(clock.now()).toISOString();
    const { files, left } = gatherFiles(from);
    const sources = new Map<string, ContentSource>([...files].map(([name, bytes]) => [name, { bytes }]));
    const state = join(work, "state.db");
    const copied = await store.copy(state, OMISSION);
    sources.set("data/tram.db", { file: state });
    if (withPast) {
      await this.#parts.flushHistory?.();
      const to = join(work, HISTORY);
      const { failure } = await runSnapshotJob(snapshotProgram(), { file: past, copy: { to } });
      if (failure !== undefined) throw new BackupError("place", `${past}: ${failure.message}`);
      sources.set(`data/${HISTORY}`, { file: to });
    }
    const entries: BackupEntry[] = [];
    for (const [name, source] of sources) entries.push(await describeContent(name, source));
    const { things = 0, credentials = 0, users = 0, tokens = 0 } = copied.entries ?? {};
    const rules = entries.filter(({ name }) => /^rules\/.*(?<!\.test)\.ya?ml$/.test(name)).length;
    const manifest: Manifest = {
      format: CONTENT_FORMAT,
      product: PRODUCT.name,
      version: PRODUCT.version,
      gateway: { id: gateway.id, name: gateway.name },
      createdAt,
      clock: clock.trust,
      schema: copied.schema ?? 0,
      counts: { things, credentials, users, tokens, ruleFiles: rules },
      paths: { data: from.data, rules: from.rulesDir, config: from.configFile },
      entries,
      left: [...left],
    };
    return { manifest, sources };
  }
}

function sealed(
  manifest: Manifest,
  sources: ReadonlyMap<string, ContentSource>,
  passphrase: string,
): Readable {
  const content = writeContent(manifest, (name) => sources.get(name) ?? { bytes: new Uint8Array() });
  // An error is thrown to whoever reads the end of the line; here nobody needs it.
  const compressed = pipeline(Readable.from(content, { objectMode: false }), createGzip(), () => undefined);
  return Readable.from(seal(compressed, passphrase), { objectMode: false });
}

/** @throws {BackupError} `room`: a full disk would cost more than a backup. */
function checkRoom(data: string, files: readonly string[]): void {
  const sizes = files.map((file) => (existsSync(file) ? statSync(file).size : 0));
  const needed = sizes.reduce((sum, size) => sum + size, RESERVE_BYTES);
  const { bavail, bsize } = statfsSync(data);
  if (bavail * bsize >= needed) return;
  throw new BackupError(
    "room",
    `${data}: expected ${megabytes(needed)} for a copy of the databases, found ${megabytes(bavail * bsize)} free`,
  );
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_048_576)} MB`;
}
