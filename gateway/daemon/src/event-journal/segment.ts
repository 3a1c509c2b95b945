import { readFile } from "node:fs/promises";
import { type FoundFrames, readFrames } from "./block-frame.ts";
import type { Mark } from "./block-layout.ts";
import { type Chapter, type ChapterClocks, clocksOf, type HeldBlock } from "./chapter.ts";

/** A file of the journal: a chapter on disk. */
export class Segment implements Chapter {
  readonly path: string;
  /** Bytes of the file. */
  bytes: number;
  /** When it was begun, of those of this run. */
  begun: Mark | undefined;
  #clocks: ChapterClocks | undefined;
  #damaged = 0;

  constructor(path: string, bytes: number) {
    this.path = path;
    this.bytes = bytes;
  }

  /** None when the file is gone or cannot be read; the numbers of the events tell what is missing. */
  async blocks(): Promise<readonly HeldBlock[]> {
    return (await this.#read()).blocks;
  }

  /** The file is read for it once; what is written to it afterwards has to be told by `forget`. */
  async clocks(): Promise<ChapterClocks> {
    this.#clocks ??= clocksOf(await this.blocks());
    return this.#clocks;
  }

  /** It was written to. */
  forget(): void {
    this.#clocks = undefined;
  }

  /** Damaged places, as far as it was read. */
  get damaged(): number {
    return this.#damaged;
  }

  async #read(): Promise<FoundFrames> {
    try {
      const found = readFrames(await readFile(this.path));
      this.#damaged = found.damaged;
      return found;
    } catch {
      return { blocks: [], damaged: 0 };
    }
  }
}
