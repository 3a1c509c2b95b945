import { gzipSync } from "node:zlib";

/** One entry of an archive. Everything belongs to root: users of a target are unknown where a package is made. */
export type TarEntry = {
  /** Relative, without a leading `./` and without a trailing slash. */
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
} & (
  | { readonly kind: "file"; readonly content: Uint8Array }
  | { readonly kind: "folder" }
  | { readonly kind: "link"; readonly target: string }
);

export interface TarOptions {
  /** Time of every entry, in seconds since 1970. */
  readonly mtime: number;
  /** Put before every path, `./` in packages of opkg. */
  readonly prefix?: string;
  /** Keep the entries as they come; else they are sorted, and archives of the same files are the same bytes. */
  readonly keepOrder?: boolean;
}

const BLOCK = 512;
const TYPES = { file: "0", link: "2", folder: "5" } as const;

/**
 * Writes a POSIX ustar archive (IEEE Std 1003.1, pax, "ustar Interchange Format").
 * @throws {RangeError} for a path or a target that ustar cannot hold.
 */
export function tar(entries: readonly TarEntry[], options: TarOptions): Buffer {
  const { mtime, prefix = "", keepOrder = false } = options;
  const ordered = keepOrder ? entries : [...entries].sort((one, other) => (one.path < other.path ? -1 : 1));
  const blocks: Uint8Array[] = [];
  for (const entry of ordered) {
    const content = entry.kind === "file" ? entry.content : new Uint8Array();
    blocks.push(header(entry, `${prefix}${entry.path}`, content.length, mtime), content);
    blocks.push(new Uint8Array((BLOCK - (content.length % BLOCK)) % BLOCK));
  }
  // Two empty blocks are the end; GNU tar warns where the archive is not a multiple of its record of 20 blocks.
  const length = blocks.reduce((sum, { length: bytes }) => sum + bytes, 2 * BLOCK);
  blocks.push(new Uint8Array(2 * BLOCK + ((20 * BLOCK - (length % (20 * BLOCK))) % (20 * BLOCK))));
  return Buffer.concat(blocks);
}

/** The same, compressed. Node writes neither a time nor a name into the header of gzip. */
export function tarGz(entries: readonly TarEntry[], options: TarOptions): Buffer {
  return gzipSync(tar(entries, options), { level: 9 });
}

function header(entry: TarEntry, fullPath: string, size: number, mtime: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const { name, folder } = split(entry.kind === "folder" ? `${fullPath}/` : fullPath);
  write(block, name, 0, 100);
  write(block, octal(entry.mode, 7), 100, 8);
  write(block, octal(0, 7), 108, 8);
  write(block, octal(0, 7), 116, 8);
  write(block, octal(size, 11), 124, 12);
  write(block, octal(mtime, 11), 136, 12);
  write(block, "        ", 148, 8); // The checksum counts its own field as blanks.
  write(block, TYPES[entry.kind], 156, 1);
  if (entry.kind === "link") write(block, entry.target, 157, 100);
  write(block, "ustar\x0000", 257, 8);
  write(block, "root", 265, 32);
  write(block, "root", 297, 32);
  write(block, octal(0, 7), 329, 8);
  write(block, octal(0, 7), 337, 8);
  write(block, folder, 345, 155);
  const sum = block.reduce((total, byte) => total + byte, 0);
  write(block, `${octal(sum, 6)}\0 `, 148, 8);
  return block;
}

/** ustar has 100 bytes for a name, and 155 more for the folders before it. */
function split(path: string): { name: string; folder: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, folder: "" };
  for (let at = path.indexOf("/"); at > 0 && at < path.length - 1; at = path.indexOf("/", at + 1)) {
    const [folder, name] = [path.slice(0, at), path.slice(at + 1)];
    if (Buffer.byteLength(name) <= 100 && Buffer.byteLength(folder) <= 155) return { name, folder };
  }
  throw new RangeError(`expected a path that ustar can hold, found ${path}`);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

function write(block: Buffer, text: string, at: number, length: number): void {
  if (Buffer.byteLength(text) > length)
    throw new RangeError(`expected at most ${length} bytes, found ${text}`);
  block.write(text, at, length, "utf8");
}
