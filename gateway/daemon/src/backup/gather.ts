import { type Dirent, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { readSmallFile } from "../config/read-file.ts";
import { nameProblem } from "./manifest.ts";

/** Files of one kind, and where they lie. */
export interface GatherFrom {
  /** Text of the configuration in force, as it was read. */
  readonly configText: string | undefined;
  /** Its file; relative paths start in its folder. */
  readonly configFile: string;
  /** On OpenWrt: the files that the one in force is made of. */
  readonly rendered: { readonly uci: string; readonly base: string } | undefined;
  /** Other files that the configuration names: passwords, certificates. Absolute paths. */
  readonly named: readonly string[];
  readonly data: string;
  readonly rulesDir: string;
}

export interface Gathered {
  /** Content by name of the entry. They are small, and held in memory. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** What was there and was not taken, one line each. */
  readonly left: readonly string[];
}

const FILE_LIMIT_BYTES = 4_194_304;
/** All of them together: flows of Node-RED may be megabytes. In bytes. */
const TOTAL_LIMIT_BYTES = 16_777_216;
/** Beside the flows Node-RED keeps its packages, which it fetches, and copies of files that it replaced. */
const NODE_RED_LEFT = /^(?:node_modules$|\..*\.backup$|.*\.sock$)/;
/** The broker's certificate stands for the names and addresses of a machine: each makes its own. */
const TLS_LEFT = new Set(["server.key"]);

/** Reads the small files of a backup. What cannot be read is told, and stops nothing. */
export function gatherFiles(from: GatherFrom): Gathered {
  const files = new Map<string, Buffer>();
  const left: string[] = [];
  let total = 0;
  const put = (name: string, content: Buffer): void => {
    const problem = total + content.length > TOTAL_LIMIT_BYTES ? "too much of it" : nameProblem(name);
    if (problem !== undefined) left.push(`${name}: ${problem}`);
    else {
      files.set(name, content);
      total += content.length;
    }
  };
  const take = (name: string, path: string): void => {
    const content = readSmallFile(path, FILE_LIMIT_BYTES);
    if (!("found" in content)) put(name, content);
    else if (content.code !== "ENOENT") left.push(`${path}: ${content.found}`);
  };

  if (from.configText !== undefined) put("config/in-force.yaml", Buffer.from(from.configText));
  if (from.rendered !== undefined) {
    take("config/uci", from.rendered.uci);
    take("config/base.yaml", from.rendered.base);
  }
  const folder = dirname(from.rendered?.base ?? from.configFile);
  for (const path of from.named) {
    const inside = relative(folder, path);
    if (inside.startsWith("..")) left.push(`${path}: it lies outside of ${folder}`);
    else take(`config/files/${inside}`, path);
  }
  for (const { name } of list(from.rulesDir)) {
    if (/^[^.].*\.ya?ml$/.test(name)) take(`rules/${name}`, join(from.rulesDir, name));
  }
  for (const { name } of list(join(from.data, "tls"))) {
    if (!TLS_LEFT.has(name) && !name.endsWith(".new")) take(`data/tls/${name}`, join(from.data, "tls", name));
  }
  // Those in the making have names with a dot, and are nobody's yet.
  for (const { name: id } of list(join(from.data, "cloud"))) {
    if (id.startsWith(".")) continue;
    for (const { name } of list(join(from.data, "cloud", id))) {
      take(`data/cloud/${id}/${name}`, join(from.data, "cloud", id, name));
    }
  }
  take("data/node-red.secret", join(from.data, "node-red.secret"));
  for (const path of below(join(from.data, "node-red"))) take(`data/${relative(from.data, path)}`, path);
  return { files, left };
}

function* below(folder: string): Generator<string> {
  for (const entry of list(folder)) {
    if (NODE_RED_LEFT.test(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* below(path);
    else if (entry.isFile()) yield path;
  }
}

/** In a fixed order; nothing where there is no such folder. Links are not followed. */
function list(folder: string): readonly Dirent[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.sort((one, other) => (one.name < other.name ? -1 : 1));
  } catch {
    return [];
  }
}
