import { PRODUCT } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import { type Static, Type } from "typebox";
import { BackupError } from "./backup-error.ts";

/** More than this is no manifest of ours. In bytes. */
export const MANIFEST_LIMIT_BYTES = 4_194_304;

/** What the content is laid out as. A program refuses a higher one than it knows. */
export const CONTENT_FORMAT = 1;

const Whole = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Path = Type.String({ minLength: 1, maxLength: 4_096 });

/** A file of the backup: its content stands behind the manifest, in the order of the list. */
const BackupEntry = Type.Object({
  /** `data/tram.db`, `rules/heat.yaml`, `config/in-force.yaml` */
  name: Type.String({ minLength: 1, maxLength: 1_024 }),
  bytes: Whole,
  /** SHA-256 of the content, hexadecimal. */
  sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
});
export type BackupEntry = Static<typeof BackupEntry>;

/** What a backup tells about itself, once it is opened. */
const Manifest = Type.Object({
  format: Whole,
  product: Type.String({ maxLength: 64 }),
  version: Type.String({ maxLength: 64 }),
  gateway: Type.Object({ id: Type.String({ maxLength: 256 }), name: Type.String({ maxLength: 256 }) }),
  /** ISO 8601, and how far the clock was believed then. */
  createdAt: Type.String({ maxLength: 64 }),
  clock: Type.String({ maxLength: 64 }),
  /** Version of the database's schema. */
  schema: Whole,
  /** How many of each kind are in it, for people. */
  counts: Type.Record(Type.String(), Whole),
  /** Where things were. Absolute paths. */
  paths: Type.Object({ data: Path, rules: Path, config: Path }),
  entries: Type.Array(BackupEntry, { maxItems: 20_000 }),
  /** What was there and is not in it, one line each. */
  left: Type.Array(Type.String({ maxLength: 1_024 }), { maxItems: 1_000 }),
});
export type Manifest = Static<typeof Manifest>;

/** @throws {BackupError} `newer-format`, or `damaged` when the text is no manifest. */
export function readManifest(text: string): Manifest {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (cause) {
    throw new BackupError("damaged", "the backup is damaged: its list of files is not JSON", { cause });
  }
  // Compiled here: a gateway writes manifests and reads none.
  if (Compile(Type.Object({ format: Whole })).Check(found) && found.format > CONTENT_FORMAT) {
    throw new BackupError(
      "newer-format",
      `the backup has content format ${found.format}, this program knows up to ${CONTENT_FORMAT}: use the newer program`,
    );
  }
  if (!Compile(Manifest).Check(found) || found.product !== PRODUCT.name) {
    throw new BackupError("damaged", "the backup is damaged: its list of files is not one of this program");
  }
  const seen = new Set<string>();
  for (const { name } of found.entries) {
    const problem = seen.has(name) ? "it is there twice" : nameProblem(name);
    if (problem !== undefined) {
      throw new BackupError("damaged", `the backup is damaged: ${JSON.stringify(name)}: ${problem}`);
    }
    seen.add(name);
  }
  return found;
}

/** What may be in a backup, and so what a restore may write: no name leads out of its folder. */
const NAMES =
  /^(?:data\/(?:tram\.db|history\.db|node-red\.secret)|data\/tls\/[^/]+|data\/cloud\/[a-z0-9-]+\/(?:cloud\.json|(?:ca|cert|key)\.pem)|data\/node-red\/.+|rules\/[^/]+\.ya?ml|config\/(?:in-force\.yaml|base\.yaml|uci)|config\/files\/.+)$/;

/** @returns why the name of an entry cannot be used, or `undefined`. */
export function nameProblem(name: string): string | undefined {
  const segments = name.split("/");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no name of a file of ours has one.
  if (/[\u0000-\u001f\u007f\\]/.test(name) || segments.some((segment) => /^\.{0,2}$/.test(segment))) {
    return "no name of a file in its folder";
  }
  return NAMES.test(name) ? undefined : "no file of a gateway";
}
