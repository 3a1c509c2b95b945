import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A package of others of which code is in the product. */
export interface Component {
  readonly name: string;
  readonly version: string;
  /** Where it is installed, relative to the root: `node_modules/mqtt`. */
  readonly folder: string;
  /** SPDX expression. */
  readonly license: string;
  readonly description: string;
  /** Digest of the package as the registry gave it. */
  readonly sha512: string;
  /** Text of the licence and of notices that go with it. */
  readonly notices: readonly string[];
  /** Names of packages that it needs to run. */
  readonly needs: readonly string[];
  /** Where its code is: `daemon`, `web`. */
  readonly usedIn: readonly string[];
}

/** The lock file of npm, as far as it is read. */
export interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly integrity?: string; readonly link?: boolean }>
  >;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly description?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** Licences that ask for nothing but their own text. Others need somebody's judgement first. SPDX identifiers. */
const PERMISSIVE: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "ISC",
  "MIT",
  "Unlicense",
]);

/** Licences that name no owner: their text is the same for everybody, and not every package repeats it. */
const STANDING_TEXTS: Readonly<Record<string, string>> = {
  Unlicense: join(import.meta.dirname, "licences/Unlicense.txt"),
};

/**
 * Finds the packages behind the files of a bundle.
 * @param inputs files relative to the root, by the part of the product that they are in.
 * @returns the packages, sorted by name and version.
 * @throws {Error} for a package that the lock file does not know as it is installed, that has no text of its licence, or
 * that has a licence which is not known to be permissive.
 */
export function findComponents(
  root: string,
  lock: Lock,
  inputs: Readonly<Record<string, readonly string[]>>,
): Component[] {
  const parts = new Map<string, Set<string>>();
  for (const [part, files] of Object.entries(inputs)) {
    for (const file of files) {
      const folder = packageFolder(file);
      if (folder !== undefined) parts.set(folder, (parts.get(folder) ?? new Set()).add(part));
    }
  }
  return [...parts]
    .map(([folder, usedIn]) => readComponent(root, lock, folder, [...usedIn].sort()))
    .sort((one, other) => order(one.name, other.name) || order(one.version, other.version));
}

/** `node_modules/mqtt/node_modules/ws/lib/a.js` → `node_modules/mqtt/node_modules/ws`; undefined for our own files. */
function packageFolder(file: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file)?.[0];
}

function readComponent(root: string, lock: Lock, folder: string, usedIn: readonly string[]): Component {
  const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Manifest;
  const { name, version, license, description = "", dependencies = {} } = manifest;
  const locked = lock.packages[folder];
  if (locked?.version !== version) {
    throw new Error(
      `${folder}: expected version ${locked?.version ?? "(none)"} of the lock file, found ${version}`,
    );
  }
  const digest = /^sha512-([A-Za-z0-9+/=]+)$/.exec(locked.integrity ?? "")?.[1];
  if (digest === undefined)
    throw new Error(`${folder}: expected a sha512 in the lock file, found ${locked.integrity}`);
  if (license === undefined || !isPermissive(license)) {
    throw new Error(
      `${folder}: expected a permissive licence (${[...PERMISSIVE].join(", ")}), found ${license}`,
    );
  }
  const notices = readNotices(join(root, folder), license);
  if (notices.length === 0)
    throw new Error(`${folder}: expected a file with the text of its licence, found none`);
  return {
    name,
    version,
    folder,
    license,
    description,
    sha512: Buffer.from(digest, "base64").toString("hex"),
    notices,
    needs: Object.keys(dependencies).sort(),
    usedIn,
  };
}

/** A choice needs one permissive licence, a conjunction needs all of them. */
export function isPermissive(expression: string): boolean {
  const bare = expression.trim().replace(/^\((.*)\)$/, "$1");
  if (/[()]/.test(bare)) return false; // Nested: somebody should look.
  if (/ AND /.test(bare)) return bare.split(" AND ").every((part) => PERMISSIVE.has(part.trim()));
  return bare.split(" OR ").some((part) => PERMISSIVE.has(part.trim()));
}

function readNotices(folder: string, license: string): string[] {
  const files = readdirSync(folder)
    .filter((file) => /^(?:licen[sc]e|copying|notice)(?:[.-].*)?$/i.test(file))
    .sort()
    .map((file) => join(folder, file));
  const standing = STANDING_TEXTS[license];
  return (files.length === 0 && standing !== undefined ? [standing] : files).map((file) =>
    readFileSync(file, "utf8").replaceAll("\r\n", "\n").trim(),
  );
}

function order(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}
