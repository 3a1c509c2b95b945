import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ImageError } from "./image-error.ts";

/** A kind of board that an image can be built for: a folder below packages-openwrt/images/. */
export interface Profile {
  /** Name of the folder, and what `make image PROFILE=` takes. */
  readonly name: string;
  /** Folder of the files that go into the image. */
  readonly files: string;
  /** Packages to add; with `-` in front, to leave out. */
  readonly packages: readonly string[];
  readonly board: Board;
}

/** board.json: what ImageBuilder needs to know about the board, and what its flash can take. */
export interface Board {
  /** Target and subtarget of the ImageBuilder: `mediatek/filogic`. */
  readonly target: string;
  /** The board's name there: `glinet_gl-mt3000`, on x86 `generic`. */
  readonly profile: string;
  /** End of the name of the file that people flash. Without it nothing has been built, whatever else there is. */
  readonly image: string;
  /** Largest image that its flash takes, in bytes; absent where the disk decides. */
  readonly flashBytes?: number;
  /** Size of the root file system's partition where the image brings one, in MiB. */
  readonly rootfsMb?: number;
}

/** Names of the profiles there are. */
export function profileNames(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, "packages.txt")))
    .map(({ name }) => name)
    .sort();
}

/**
 * Reads one profile.
 * @throws {ImageError} `unknown-profile` with the list of those there are, or `bad-profile` with file and place.
 */
export function loadProfile(folder: string, name: string): Profile {
  const known = profileNames(folder);
  if (!known.includes(name)) {
    throw new ImageError(
      "unknown-profile",
      `PROFILE: expected one of ${known.join(", ")}, found ${name === "" ? "nothing" : name}`,
    );
  }
  const place = join(folder, name);
  return {
    name,
    files: join(place, "files"),
    packages: packageList(readFileSync(join(place, "packages.txt"), "utf8"), `${name}/packages.txt`),
    board: readBoard(join(place, "board.json"), `${name}/board.json`),
  };
}

/**
 * Package names out of text: separated by white space, `#` begins a comment.
 * @param where stands in the error.
 * @throws {ImageError} `bad-profile` when a word cannot be a package's name.
 */
export function packageList(text: string, where: string): readonly string[] {
  const words = text
    .split("\n")
    .flatMap((line) => line.replace(/#.*$/, "").split(/\s+/))
    .filter((word) => word !== "");
  for (const word of words) {
    if (/^-?[A-Za-z0-9][A-Za-z0-9+._-]*$/.test(word)) continue;
    throw new ImageError("bad-profile", `${where}: expected names of packages, found ${word}`);
  }
  return words;
}

function readBoard(path: string, where: string): Board {
  let board: Readonly<Record<string, unknown>>;
  try {
    board = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  } catch (cause) {
    throw new ImageError("bad-profile", `${where}: expected JSON, found ${(cause as Error).message}`, {
      cause,
    });
  }
  const wrong = (key: string, expected: string): ImageError =>
    new ImageError(
      "bad-profile",
      `${where}: ${key}: expected ${expected}, found ${JSON.stringify(board[key])}`,
    );
  const text = (key: string): string => {
    const value = board[key];
    if (typeof value !== "string" || value === "") throw wrong(key, "text");
    return value;
  };
  const optional = (key: string): number | undefined => {
    const value = board[key];
    if (value === undefined) return undefined;
    if (typeof value !== "number" || !Number.isInteger(value) || value < 1)
      throw wrong(key, "a whole number");
    return value;
  };
  const flashBytes = optional("flashBytes");
  const rootfsMb = optional("rootfsMb");
  return {
    target: text("target"),
    profile: text("profile"),
    image: text("image"),
    ...(flashBytes === undefined ? {} : { flashBytes }),
    ...(rootfsMb === undefined ? {} : { rootfsMb }),
  };
}
