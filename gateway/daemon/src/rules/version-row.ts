import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { RuleChangesView } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import { MAX_FILE_LENGTH } from "@tram/rules";
import { type Static, Type } from "typebox";

/** Longest packed text that is kept, in bytes: one file must not take the room of all others' pasts. */
const LARGEST_PACKED = 131_072;

const Row = Type.Object({
  file: Type.String(),
  /** On the wall clock. */
  time: Type.Number(),
  clock: Type.Enum(["untrusted", "holdover", "synced"]),
  by: Type.String(),
  note: Type.Optional(Type.String()),
  changes: RuleChangesView,
  broken: Type.Optional(Type.String()),
  unsound: Type.Optional(Type.Array(Type.String())),
  gone: Type.Optional(Type.Literal(true)),
  /** Of the text; empty where the file is gone. */
  hash: Type.String(),
});

/** A version as the store has it: its text deflated, in base64. */
const PackedVersion = Type.Object({ ...Row.properties, text: Type.Optional(Type.String()) });
export type PackedVersion = Static<typeof PackedVersion>;
export const packedVersion = Compile(PackedVersion);

/** What is known of a version without its text. */
export interface Version extends Static<typeof Row> {
  readonly version: number;
  /** What it takes in the store. */
  readonly bytes: number;
  readonly hasText: boolean;
}

/** A text that somebody is about to write. */
const Intent = Type.Object({ hash: Type.String(), by: Type.String(), note: Type.Optional(Type.String()) });
export type Intent = Static<typeof Intent>;
export const intentRow = Compile(Intent);

export function versionOf(version: number, { text, ...row }: PackedVersion): Version {
  const bytes = JSON.stringify(row).length + (text?.length ?? 0);
  return { ...row, version, bytes, hasText: text !== undefined };
}

/** A table is in the order of its keys. */
export function keyOf(version: number): string {
  return String(version).padStart(10, "0");
}

/** SHA-256, in base64url. */
export function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}

/** @returns `undefined` for a text that is too large to be kept. */
export function pack(text: string): string | undefined {
  if (text.length > MAX_FILE_LENGTH) return undefined;
  const packed = deflateRawSync(text);
  return packed.length > LARGEST_PACKED ? undefined : packed.toString("base64");
}

/** @returns `undefined` for what no `pack` has made. */
export function unpack(packed: string): string | undefined {
  try {
    return inflateRawSync(Buffer.from(packed, "base64"), { maxOutputLength: 4 * MAX_FILE_LENGTH }).toString();
  } catch {
    return undefined; // The medium has changed it.
  }
}
