import { isJsonObject, type Json, type JsonObject } from "@tram/protocol";
import type { ShadowPath } from "./shadow-document.ts";

type Branch = Map<string, Json | Branch>;

/**
 * An object that is changed place by place, and whose size is known meanwhile. An update may have hundreds of parts: a
 * copy, or a count of all, for each of them would cost the square of that.
 */
export class ShadowDraft {
  readonly #root: Branch;

  constructor(tree: JsonObject = {}) {
    this.#root = branchOf(tree);
  }

  valueAt(path: ShadowPath): Json | undefined {
    const { length, found } = this.#reach(path);
    return length < path.length ? undefined : plain(found);
  }

  /** What gives way to a value at this place: what is there, or what is no object on the way to it. */
  replacedAt(path: ShadowPath): { readonly path: ShadowPath; readonly value: Json | undefined } {
    const { length, found } = this.#reach(path);
    return { path: path.slice(0, length), value: plain(found) };
  }

  /**
   * Puts a value at a place, with the objects around it.
   * @param value `undefined` removes what is there.
   * @returns bytes of JSON by which the object has grown; negative where it has become smaller.
   */
  set(path: ShadowPath, value: Json | undefined): number {
    const [key, ...rest] = path;
    return key === undefined ? 0 : put(this.#root, key, { rest, value });
  }

  /** Puts a value at a place; where there is an object already, the members of both stay. `null` is a value. */
  add(path: ShadowPath, value: Json): void {
    if (!isJsonObject(value) || !isJsonObject(this.valueAt(path))) this.set(path, value);
    else for (const [key, inner] of Object.entries(value)) this.add([...path, key], inner);
  }

  json(): JsonObject {
    return jsonOf(this.#root);
  }

  /** Goes along a path as far as there is something. */
  #reach(path: ShadowPath): { readonly length: number; readonly found: Json | Branch | undefined } {
    let found: Json | Branch = this.#root;
    for (const [length, key] of path.entries()) {
      let inner: Json | Branch | undefined;
      if (found instanceof Map) inner = found.get(key);
      else if (!isJsonObject(found)) return { length, found };
      else if (Object.hasOwn(found, key)) inner = found[key];
      if (inner === undefined) return { length: length + 1, found: undefined };
      found = inner;
    }
    return { length: path.length, found };
  }
}

interface Placed {
  /** Below the key. */
  readonly rest: ShadowPath;
  readonly value: Json | undefined;
}

function put(branch: Branch, key: string, placed: Placed): number {
  const { rest, value } = placed;
  if (rest.length > 0) return putBelow(branch, key, placed);
  const old = branch.get(key);
  let grown = 0;
  if (old !== undefined) {
    branch.delete(key);
    grown -= bytesOf(plain(old)) + memberBytes(branch, key);
  }
  if (value !== undefined) {
    grown += bytesOf(value) + memberBytes(branch, key);
    branch.set(key, value);
  }
  return grown;
}

function putBelow(branch: Branch, key: string, { rest: [next = "", ...rest], value }: Placed): number {
  const old = branch.get(key);
  const isOpen = old instanceof Map;
  if (isOpen || isJsonObject(old)) {
    const inner = isOpen ? old : branchOf(old);
    branch.set(key, inner);
    return put(inner, next, { rest, value });
  }
  if (value === undefined) return 0;
  const inner: Branch = new Map();
  const room = old === undefined ? memberBytes(branch, key) : -bytesOf(old);
  branch.set(key, inner);
  return room + EMPTY_BYTES + put(inner, next, { rest, value });
}

const EMPTY_BYTES = 2;

/** What a member costs besides its value in an object that does not have it: its key, a colon, and a comma. */
function memberBytes(branch: Branch, key: string): number {
  return bytesOf(key) + 1 + (branch.size === 0 ? 0 : 1);
}

/** Bytes of a value as JSON. */
export function bytesOf(value: Json): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function branchOf(tree: JsonObject): Branch {
  return new Map<string, Json | Branch>(Object.entries(tree));
}

function jsonOf(branch: Branch): JsonObject {
  return Object.fromEntries([...branch].map(([key, value]): [string, Json] => [key, plain(value)]));
}

function plain<Value extends Json | undefined>(value: Value | Branch): Value | JsonObject {
  return value instanceof Map ? jsonOf(value) : value;
}
