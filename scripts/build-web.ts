import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

/** Builds the web UI when a source is newer than the build, and compresses it once instead of at each request. */
const root = new URL("..", import.meta.url).pathname;
const web = join(root, "gateway/web");
const dist = join(web, "dist");

function newest(folder: string): number {
  let latest = 0;
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (/^(?:dist|\.cache|node_modules)\b/.test(entry)) continue;
    latest = Math.max(latest, statSync(join(folder, entry)).mtimeMs);
  }
  return latest;
}

function builtAt(): number {
  try {
    // The list of what is in the build is written with it, and `make package` needs both.
    return Math.min(
      ...["dist/index.html", ".cache/modules.json"].map((file) => statSync(join(web, file)).mtimeMs),
    );
  } catch {
    return 0; // Never built.
  }
}

function compress(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    const path = join(folder, entry);
    if (!/\.(?:html|js|css|svg|json)$/.test(entry) || !statSync(path).isFile()) continue;
    const bytes = readFileSync(path);
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
    writeFileSync(`${path}.br`, brotliCompressSync(bytes, quality));
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

const sources = Math.max(
  newest(web),
  newest(join(root, "protocol/src")),
  statSync(join(root, "package-lock.json")).mtimeMs,
);
if (sources > builtAt()) {
  const vite = spawnSync("vite", ["build", "--logLevel", "warn"], { cwd: web, stdio: "inherit" });
  if (vite.status !== 0) process.exit(vite.status ?? 1);
  compress(dist);
}
