import { createHash } from "node:crypto";
import type { CloudAnswer } from "@tram/core";
import { isJsonObject, type Json, jsonEqual, parsePropertyKey } from "@tram/protocol";
import { AWS_LIMITS } from "./limits.ts";
import type { ShadowPath, Wish } from "./shadow-document.ts";
import { bytesOf } from "./shadow-draft.ts";

/** A wish that is to be put before the house. */
export interface AskedWish extends Wish {
  /** The same for the same wish, however often it is read: at every connect, and after a restart. */
  readonly id: string;
}

export interface WishRefusal {
  /** Of the wish. */
  readonly id: string;
  readonly code: string;
  readonly reason: string;
}

/** What became of a wish: it may leave the shadow now. */
export interface EndedWish {
  readonly path: ShadowPath;
  readonly value: Json;
  /** Set where somebody has to be told that nothing comes of it. */
  readonly refusal?: WishRefusal;
}

/**
 * - `due`: nobody was asked yet. `asking`: no answer yet. `accepted`: the house carries it out.
 * - `fulfilled`, `refused`: it is over, and it is not asked again when it is read once more.
 */
type Phase = "due" | "asking" | "accepted" | "fulfilled" | "refused";

interface Known extends AskedWish {
  readonly ordinal: number;
  /** Of its value. */
  readonly bytes: number;
  phase: Phase;
}

/** Properties of one shadow that are remembered. */
const MOST_WISHES = 256;
/** And the bytes of their values: four times what can be wished for at once. */
const MOST_BYTES = 8 * AWS_LIMITS.shadowBytes;
/** Wishes of one shadow that the house thinks about at once. */
const ASKING = 2;

/**
 * What one shadow wants of the house. Of each property the latest wish counts; however fast they come, at most two are
 * asked at a time, and one place a property is all that waits.
 */
export class ShadowWishes {
  readonly #shadow: string;
  readonly #known = new Map<string, Known>();

  /** @param shadow what names it in the ids of its wishes. */
  constructor(shadow: string) {
    this.#shadow = shadow;
  }

  /**
   * Everything that the shadow wants now.
   * @param local what the house has, `undefined` where it does not know.
   * @returns wishes that need no asking: they are over already, or are so.
   */
  read(wishes: readonly Wish[], local: (path: ShadowPath) => Json | undefined): readonly EndedWish[] {
    const ended: EndedWish[] = [];
    const wanted = new Set<string>();
    for (const wish of wishes) {
      const key = keyOf(wish.path);
      wanted.add(key);
      const { path, value } = wish;
      const known = this.#known.get(key);
      if (known !== undefined && isSame(known, wish)) {
        // It was fulfilled, and something in the house has decided otherwise since: the newer decision stands.
        if (known.phase === "fulfilled" || known.phase === "refused") ended.push({ path, value });
      } else if (!isUnderWay(known) && jsonEqual(local(path), value)) {
        ended.push({ path, value });
      } else if (parsePropertyKey(path.join("/")) === undefined || path.length !== 2) {
        const id = this.#remember(key, wish, "refused");
        ended.push({ path, value, refusal: { id, ...NO_PROPERTY } });
      } else this.#remember(key, wish, "due");
    }
    // Was taken back before anybody was asked.
    for (const [key, { phase }] of this.#known) {
      if (phase === "due" && !wanted.has(key)) this.#known.delete(key);
    }
    return ended;
  }

  /** What is to be asked now; the answers are given to `answered`. */
  take(): readonly AskedWish[] {
    let asking = 0;
    for (const { phase } of this.#known.values()) if (phase === "asking") asking++;
    const taken: AskedWish[] = [];
    for (const known of this.#known.values()) {
      if (asking >= ASKING) break;
      if (known.phase !== "due") continue;
      known.phase = "asking";
      asking++;
      const { id, path, value, at } = known;
      taken.push({ id, path, value, at });
    }
    return taken;
  }

  /** @returns the wish, where it is over with this answer. `busy` makes it due again. */
  answered(id: string, answer: CloudAnswer): EndedWish | undefined {
    const known = this.#find(id);
    if (known === undefined || known.phase !== "asking") return undefined;
    const { path, value } = known;
    if (answer.outcome === "accepted") known.phase = "accepted";
    else if (answer.outcome === "done") return this.#over(known, answer.value);
    else if (answer.code === "busy") known.phase = "due";
    else {
      known.phase = "refused";
      return { path, value, refusal: { id, code: answer.code, reason: answer.reason } };
    }
    return undefined;
  }

  /**
   * A command that came of a wish has ended.
   * @returns whether the wish is still the latest of its property, or nobody knows of a later one.
   */
  ended(id: string, path: ShadowPath, fulfilled: boolean): boolean {
    const known = this.#find(id);
    if (known !== undefined) {
      known.phase = fulfilled ? "fulfilled" : "refused";
      return true;
    }
    return !isUnderWay(this.#known.get(keyOf(path)));
  }

  /** It was asked before, and its command has ended since. */
  #over(known: Known, result: Json): EndedWish {
    const { id, path, value } = known;
    const { state, code, reason } = isJsonObject(result) ? result : {};
    const failed = state === "failed" || state === "expired";
    known.phase = failed ? "refused" : "fulfilled";
    if (!failed) return { path, value };
    return { path, value, refusal: { id, code: String(code ?? state), reason: String(reason ?? state) } };
  }

  #remember(key: string, wish: Wish, phase: Phase): string {
    const before = this.#known.get(key);
    // The cloud's clock tells seconds: on, off and on again within one of them are three wishes.
    const ordinal = before !== undefined && before.at === wish.at ? before.ordinal + 1 : 0;
    const id = this.#id(key, wish, ordinal);
    const bytes = bytesOf(wish.value);
    if (this.#makeRoom(key, bytes)) this.#known.set(key, { ...wish, id, ordinal, bytes, phase });
    return id;
  }

  /** Forgets wishes that are over. @returns whether there is room for one of so many bytes at `key`. */
  #makeRoom(key: string, bytes: number): boolean {
    const others = [...this.#known].filter(([other]) => other !== key);
    let sum = others.reduce((total, [, known]) => total + known.bytes, bytes);
    let count = others.length;
    for (const [other, known] of others) {
      if (count < MOST_WISHES && sum <= MOST_BYTES) return true;
      if (isUnderWay(known)) continue;
      this.#known.delete(other);
      sum -= known.bytes;
      count--;
    }
    return count < MOST_WISHES && sum <= MOST_BYTES;
  }

  #find(id: string): Known | undefined {
    for (const known of this.#known.values()) if (known.id === id) return known;
    return undefined;
  }

  #id(key: string, { value, at }: Wish, ordinal: number): string {
    const said = JSON.stringify([this.#shadow, key, at ?? null, ordinal, value]);
    return `shadow:${createHash("sha256").update(said).digest("base64url").slice(0, 27)}`;
  }
}

/** The refusal of what names no property; nobody was asked. */
export const NO_PROPERTY = { code: "malformed", reason: "expected node/property in the shadow" };

export function keyOf(path: ShadowPath): string {
  return JSON.stringify(path);
}

function isSame(known: Known, wish: Wish): boolean {
  if (!jsonEqual(known.value, wish.value)) return false;
  return wish.at === undefined ? isUnderWay(known) : known.at === wish.at;
}

function isUnderWay(known: Known | undefined): boolean {
  return known !== undefined && known.phase !== "fulfilled" && known.phase !== "refused";
}
