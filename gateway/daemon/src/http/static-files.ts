import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import { type Reply, textReply } from "./reply.ts";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".ico": "image/x-icon",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

/** Bundlers put a hash into these names: they may be kept for ever. */
const HASHED = /^assets\//;

interface StaticFile {
  readonly type: string;
  readonly cache: string;
  /** Bodies by content coding; `identity` is always there. */
  readonly bodies: ReadonlyMap<string, Buffer>;
}

/** The files of the web UI, read once: there are a dozen. Pre-compressed neighbours (`.br`, `.gz`) are served as such. */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  /** @param folder a folder that may be absent: then the UI is not installed, and the API says so. */
  constructor(folder: string) {
    if (!existsSync(folder)) return;
    for (const entry of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
      const path = join(folder, entry);
      if (!statSync(path).isFile() || /\.(?:br|gz|map)$/.test(entry)) continue;
      const name = relative(folder, path).split(sep).join("/");
      const bodies = new Map([["identity", readFileSync(path)]]);
      if (existsSync(`${path}.br`)) bodies.set("br", readFileSync(`${path}.br`));
      if (existsSync(`${path}.gz`)) bodies.set("gzip", readFileSync(`${path}.gz`));
      this.#files.set(`/${name}`, {
        type: TYPES[extname(name)] ?? "application/octet-stream",
        cache: HASHED.test(name) ? "public, max-age=31536000, immutable" : "no-cache",
        bodies,
      });
    }
  }

  /** The file at a path of the web UI, in the best coding that the browser takes. */
  answer(path: string, acceptEncoding: string): Reply {
    const file = this.#files.get(path) ?? (isPage(path) ? this.#files.get("/index.html") : undefined);
    if (file === undefined) {
      return textReply(404, this.#files.size === 0 ? "The web UI is not installed.\n" : "Not found.\n");
    }
    const coding =
      ["br", "gzip"].find((name) => acceptEncoding.includes(name) && file.bodies.has(name)) ?? "identity";
    return {
      status: 200,
      headers: {
        "Content-Type": file.type,
        "Cache-Control": file.cache,
        Vary: "Accept-Encoding",
        ...(coding === "identity" ? {} : { "Content-Encoding": coding }),
      },
      body: file.bodies.get(coding) ?? Buffer.alloc(0),
    };
  }
}

/** Paths without a file are pages of the UI, which routes in the browser. The page of a rule file ends as the file does. */
function isPage(path: string): boolean {
  return extname(path) === "" || /^\/rules\/file\/[^/]+$/.test(path);
}
