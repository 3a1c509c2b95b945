import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { BackupError } from "./backup-error.ts";
import { type BackupEntry, MANIFEST_LIMIT_BYTES, type Manifest, readManifest } from "./manifest.ts";

const LENGTH_BYTES = 4;

/** Where the content of an entry is taken from. */
export type ContentSource = { readonly bytes: Uint8Array } | { readonly file: string };

/** Describes a file that does not change any more: its length and its digest. */
export async function describeContent(name: string, source: ContentSource): Promise<BackupEntry> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const part of readContent(source)) {
    hash.update(part);
    bytes += part.length;
  }
  return { name, bytes, sha256: hash.digest("hex") };
}

/** The content of a backup before it is compressed: length of the manifest, manifest, the files in its order. */
export async function* writeContent(
  manifest: Manifest,
  sourceOf: (name: string) => ContentSource,
): AsyncGenerator<Uint8Array> {
  const text = Buffer.from(JSON.stringify(manifest));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32BE(text.length);
  yield Buffer.concat([length, text]);
  for (const { name } of manifest.entries) yield* readContent(sourceOf(name));
}

async function* readContent(source: ContentSource): AsyncGenerator<Uint8Array> {
  if ("bytes" in source) yield source.bytes;
  else yield* createReadStream(source.file) as AsyncIterable<Buffer>;
}

/** Told of the parts of a backup as they come. */
export interface ContentVisitor {
  /** Called first; whoever does not want to go on throws. */
  begin(manifest: Manifest): void;
  /** The next piece of an entry. One that is empty has none. */
  piece(entry: BackupEntry, bytes: Uint8Array): void;
  /** The entry is whole, and what the manifest says. */
  end(entry: BackupEntry): void;
}

/**
 * Reads what `writeContent` wrote. Everything is checked against the manifest.
 * @throws {BackupError} `damaged` or `newer-format`; what the visitor throws.
 */
export async function readContentOf(
  source: AsyncIterable<Uint8Array>,
  visitor: ContentVisitor,
): Promise<Manifest> {
  const head = new Head();
  let manifest: Manifest | undefined;
  let files: Files | undefined;
  for await (const part of source) {
    let bytes = part;
    if (files === undefined) {
      const rest = head.take(bytes);
      if (rest === undefined) continue;
      manifest = readManifest(head.text);
      visitor.begin(manifest);
      files = new Files(manifest.entries, visitor);
      bytes = rest;
    }
    files.take(bytes);
  }
  if (manifest === undefined || files === undefined) {
    throw new BackupError("damaged", "the backup is damaged: it ends within its list of files");
  }
  files.finish();
  return manifest;
}

/** Collects the manifest. */
class Head {
  #bytes = Buffer.alloc(0);

  get text(): string {
    return this.#bytes.subarray(LENGTH_BYTES, this.#length).toString("utf8");
  }

  /** @returns what comes behind the manifest, once it is whole. */
  take(part: Uint8Array): Uint8Array | undefined {
    this.#bytes = Buffer.concat([this.#bytes, part]);
    if (this.#bytes.length < LENGTH_BYTES) return undefined;
    if (this.#length > LENGTH_BYTES + MANIFEST_LIMIT_BYTES) {
      throw new BackupError("damaged", "the backup is damaged: its list of files is too long");
    }
    return this.#bytes.length < this.#length ? undefined : this.#bytes.subarray(this.#length);
  }

  get #length(): number {
    return LENGTH_BYTES + this.#bytes.readUInt32BE();
  }
}

/** Cuts the rest of the stream into the files of the manifest. */
class Files {
  readonly #entries: readonly BackupEntry[];
  readonly #visitor: ContentVisitor;
  #index = 0;
  #taken = 0;
  #hash: Hash = createHash("sha256");

  constructor(entries: readonly BackupEntry[], visitor: ContentVisitor) {
    this.#entries = entries;
    this.#visitor = visitor;
    this.#endWhole();
  }

  take(part: Uint8Array): void {
    for (let rest = part; rest.length > 0; ) {
      const entry = this.#entries[this.#index];
      if (entry === undefined)
        throw new BackupError("damaged", "the backup is damaged: something follows its end");
      const piece = rest.subarray(0, entry.bytes - this.#taken);
      this.#hash.update(piece);
      this.#taken += piece.length;
      this.#visitor.piece(entry, piece);
      rest = rest.subarray(piece.length);
      this.#endWhole();
    }
  }

  finish(): void {
    const entry = this.#entries[this.#index];
    if (entry !== undefined)
      throw new BackupError("damaged", `the backup is damaged: it ends within ${entry.name}`);
  }

  #endWhole(): void {
    for (
      let entry = this.#entries[this.#index];
      entry?.bytes === this.#taken;
      entry = this.#entries[this.#index]
    ) {
      if (this.#hash.digest("hex") !== entry.sha256) {
        throw new BackupError("damaged", `the backup is damaged: ${entry.name} is not what it was`);
      }
      this.#visitor.end(entry);
      this.#index++;
      this.#taken = 0;
      this.#hash = createHash("sha256");
    }
  }
}
