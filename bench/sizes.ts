import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

/** Bytes of all files in a folder. */
export function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).reduce((sum, entry) => {
    const { size, isFile } = describe(join(folder, entry));
    return isFile ? sum + size : sum;
  }, 0);
}

function describe(path: string): { size: number; isFile: boolean } {
  const stats = lstatSync(path);
  return { size: stats.size, isFile: stats.isFile() };
}

/**
 * Bytes that a browser gets for the first view of the web UI: the page, and the scripts and styles that it names.
 * @returns undefined when the UI is not built.
 */
export function firstLoadBytes(webFolder: string): number | undefined {
  const page = join(webFolder, "index.html");
  if (!existsSync(page)) return undefined;
  const html = readFileSync(page, "utf8");
  const named = [...html.matchAll(/<(?:script|link)\b[^>]*?\b(?:src|href)="\/?([^":]+\.(?:js|css))"/g)];
  return ["index.html", ...named.map(([, path = ""]) => path)].reduce(
    (sum, path) => sum + brotliBytes(join(webFolder, path)),
    0,
  );
}

function brotliBytes(path: string): number {
  return brotliCompressSync(readFileSync(path), {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  }).length;
}
