import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { sha256Of } from "./checksum.ts";
import { ImageError } from "./image-error.ts";
import type { Profile } from "./profiles.ts";

/** What ImageBuilder writes besides images. */
const BESIDE = /\.(?:manifest|json|buildinfo|sig|asc|ucert)$|^sha256sums$/;

export interface ImageFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * The images of a build.
 * @throws {ImageError} `no-image` when the one to flash is missing, `too-large` when it does not fit.
 */
export async function images(folder: string, { board, name }: Profile): Promise<readonly ImageFile[]> {
  const files = readdirSync(folder).filter(
    (file) => !BESIDE.test(file) && statSync(join(folder, file)).isFile(),
  );
  if (!files.some((file) => file.endsWith(board.image))) {
    throw new ImageError(
      "no-image",
      `${folder}: expected a file …${board.image}, found ${files.join(", ") || "no image at all"}. ImageBuilder leaves an image out, and does not fail, when it is larger than the board allows: look for "too big" above.`,
    );
  }
  const sized = files.sort().map((file) => ({ name: file, bytes: statSync(join(folder, file)).size }));
  const { flashBytes } = board;
  const large = sized.find(({ bytes }) => flashBytes !== undefined && bytes > flashBytes);
  if (large !== undefined) {
    throw new ImageError(
      "too-large",
      `${large.name}: expected at most ${flashBytes} bytes (the flash of ${name}), found ${large.bytes}. Leave packages out: PACKAGES="-…".`,
    );
  }
  return Promise.all(
    sized.map(async (file) => ({ ...file, sha256: await sha256Of(join(folder, file.name)) })),
  );
}

/**
 * Copies the files of a profile with the modes that they shall have in the image. ImageBuilder copies modes, of folders
 * too: the umask of whoever cloned this repository would end up on the router's /etc.
 */
export function stageFiles(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  copyTree(from, to);
}

function copyTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyTree(source, target);
    else copyFile(source, target);
  }
}

function copyFile(source: string, target: string): void {
  copyFileSync(source, target);
  const executable = (statSync(source).mode & 0o100) !== 0;
  chmodSync(target, executable ? 0o755 : 0o644);
}
