import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ImageError } from "./image-error.ts";

/** SHA-256 of a file, in hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/**
 * Checks an archive against what the user says it is, or against the `sha256sums` that lies beside it as on OpenWrt's
 * download server. An archive that nobody vouches for is refused: it brings programs that run on this machine, and
 * everything that goes into the image.
 * @returns its SHA-256.
 * @throws {ImageError} `no-checksum` or `wrong-checksum`.
 */
export async function verifiedChecksum(archive: string, given: string | undefined): Promise<string> {
  const { sum: expected, source } = expectedChecksum(archive, given);
  const found = await sha256Of(archive);
  if (found === expected) return found;
  throw new ImageError(
    "wrong-checksum",
    `${archive}: expected SHA-256 ${expected} (${source}), found ${found}.\nFetch it again, and do not use this one.`,
  );
}

function expectedChecksum(archive: string, given: string | undefined): { sum: string; source: string } {
  if (given !== undefined) {
    const sum = given.trim().toLowerCase();
    if (/^[0-9a-f]{64}$/.test(sum)) return { sum, source: "IMAGEBUILDER_SHA256" };
    throw new ImageError(
      "no-checksum",
      `IMAGEBUILDER_SHA256: expected 64 hexadecimal digits, found ${given}`,
    );
  }
  const list = join(dirname(archive), "sha256sums");
  const sum = existsSync(list) ? sumIn(readFileSync(list, "utf8"), basename(archive)) : undefined;
  if (sum !== undefined) return { sum, source: list };
  const why = existsSync(list) ? `${list} does not name it` : `there is no ${list}`;
  throw new ImageError(
    "no-checksum",
    `${archive}: expected a checksum to verify, found none: ${why}.
Put the sha256sums of the same download folder beside it, or give the hash: IMAGEBUILDER_SHA256=…
(downloads.openwrt.org signs that file: sha256sums.asc, sha256sums.sig)`,
  );
}

/** The sum of a file in a list as `sha256sum` writes it: `<hash> *<name>` or `<hash>  <name>`. */
function sumIn(list: string, name: string): string | undefined {
  for (const line of list.split("\n")) {
    const [, sum, file] = /^([0-9a-f]{64})\s[ *](.+?)\s*$/i.exec(line) ?? [];
    if (sum !== undefined && file?.replace(/^\.\//, "") === name) return sum.toLowerCase();
  }
  return undefined;
}
