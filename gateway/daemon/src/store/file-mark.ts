import { lstatSync } from "node:fs";

/** Everything that belongs to a database and holds some of its content. */
const PARTS = ["", "-wal", "-journal", ".restoring"] as const;

/**
 * What the files of a database look like from outside: equal marks mean that nobody has written in between. Owner and
 * rights are not part of it: somebody may have mended those.
 */
export function markOf(file: string): string {
  return PARTS.map((part) => markOfOne(`${file}${part}`)).join(" ");
}

/**
 * True when it is certain that there is no database: what cannot be looked at may be one. A log alone is none; a restore
 * that was cut short is one.
 */
export function isAbsent(file: string): boolean {
  return ["", ".restoring"].every((part) => markOfOne(`${file}${part}`) === ABSENT);
}

const ABSENT = "absent";

function markOfOne(path: string): string {
  try {
    const { ino, size, mtimeNs } = lstatSync(path, { bigint: true });
    return `${ino}:${size}:${mtimeNs}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOTDIR: what should be its folder is a file.
    return code === "ENOENT" || code === "ENOTDIR" ? ABSENT : String(code);
  }
}
