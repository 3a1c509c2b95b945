import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Builder } from "./builder.ts";
import { ImageError } from "./image-error.ts";
import { isNamed, type PackageFile, packageFiles, SUFFIX } from "./package-file.ts";

/** Where the Node of the image comes from. */
export type NodeFeed =
  /** Files that are laid beside ours. `node` is the name of the package: `node137`. */
  | { readonly packages: readonly PackageFile[]; readonly node: string }
  /** A line for ImageBuilder's list of repositories. */
  | { readonly line: string };

const LINES = {
  opkg: { pattern: /^src(?:\/gz)? \S+ (?:https?|file):\S+$/, form: "src/gz <name> <URL>" },
  apk: { pattern: /^(?:https?:\/\/|file:\/\/\/|\/)\S+\.adb$/, form: "<URL>/packages.adb" },
} as const;

const LISTS = { opkg: "repositories.conf", apk: "repositories" } as const;

/**
 * Reads NODE_FEED: a folder with packages, or a line for the list of repositories. Nothing means that ImageBuilder has
 * Node itself, from a feed that the user added.
 * @throws {ImageError} `no-node` when there is none, `usage` when it is neither.
 */
export function nodeFeed(given: string, { generation }: Builder): NodeFeed | undefined {
  if (given === "") return undefined;
  if (existsSync(given) && statSync(given).isDirectory()) {
    const packages = packageFiles(resolve(given), generation);
    const node = packages.find(({ name }) => isNamed(name, "node"))?.name;
    if (node !== undefined) return { packages, node };
    throw new ImageError(
      "no-node",
      `NODE_FEED: expected a folder with the package node (*${SUFFIX[generation]}), found ${packages.length} others in ${given}`,
    );
  }
  const { pattern, form } = LINES[generation];
  if (pattern.test(given)) return { line: given };
  throw new ImageError(
    "usage",
    `NODE_FEED: expected a folder that exists, or a line of the form ${form} for this ImageBuilder, found ${given}`,
  );
}

/**
 * Adds a line to ImageBuilder's list of repositories, and the key that signs it to those it trusts.
 * @returns a way back: the user's own builder is left as it was.
 */
export function addRepository(builder: Builder, line: string, key: string): Disposable {
  const list = join(builder.folder, LISTS[builder.generation]);
  const before = existsSync(list) ? readFileSync(list, "utf8") : "";
  // The first that has a package wins where versions are the same, so that ours stands first.
  writeFileSync(list, `${line}\n${before}`);
  if (key !== "") {
    if (!existsSync(key)) throw new ImageError("usage", `NODE_FEED_KEY: expected a file, found none: ${key}`);
    mkdirSync(join(builder.folder, "keys"), { recursive: true });
    copyFileSync(key, join(builder.folder, "keys", basename(key)));
  }
  return { [Symbol.dispose]: () => writeFileSync(list, before) };
}
