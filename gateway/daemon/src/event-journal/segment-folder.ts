import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { elapsedMs, type Instant, type Ms } from "@tram/protocol";
import { wallOf } from "./block-layout.ts";
import { Segment } from "./segment.ts";

const NAME = /^(\d{8})\.seg$/;
const PRIVATE_FOLDER_MODE = 0o700;
const PAGE_BYTES = 4_096;

/** The segments on the disk, the oldest first. Methods throw what the file system throws. */
export class SegmentFolder {
  readonly path: string;
  readonly #quotaBytes: number;
  #segments: readonly Segment[] = [];
  #last = 0;

  constructor(path: string, quotaBytes: number) {
    this.path = path;
    this.#quotaBytes = quotaBytes;
  }

  /** Makes the folder, and finds what earlier processes left. */
  open(): void {
    mkdirSync(this.path, { recursive: true, mode: PRIVATE_FOLDER_MODE });
    const numbers = readdirSync(this.path)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((one, other) => one - other);
    this.#segments = numbers.flatMap((number) => {
      const path = this.#pathOf(number);
      const found = statSync(path);
      if (!found.isFile()) return [];
      if (found.size > 0) return [new Segment(path, found.size)];
      rmSync(path); // A process ended before it wrote to it.
      return [];
    });
    this.#last = Math.max(this.#last, numbers.at(-1) ?? 0);
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  /** Room that the segments take, in bytes. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes }) => sum + pages(bytes), 0);
  }

  /** Names the next segment; whoever makes its file adds it then. */
  next(): Segment {
    return new Segment(this.#pathOf(++this.#last), 0);
  }

  add(segment: Segment): void {
    this.#segments = [...this.#segments, segment];
  }

  /** Takes a segment back to which nothing was written. */
  remove(segment: Segment): void {
    this.#segments = this.#segments.filter((each) => each !== segment);
    rmSync(segment.path, { force: true });
  }

  /** Makes the names of new files survive a power cut. */
  async sync(): Promise<void> {
    const folder = await open(this.path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  /** Drops the oldest segments until so many bytes more have room. The newest stays. */
  makeRoom(bytes: number): void {
    while (this.#segments.length > 1 && this.bytes + pages(bytes) > this.#quotaBytes) this.#dropOldest();
  }

  /** Drops the segments whose last event is older. */
  async dropOlder(now: Instant, keepMs: Ms): Promise<void> {
    for (;;) {
      const [oldest, second] = this.#segments;
      if (oldest === undefined || second === undefined) return;
      const { marks } = await oldest.clocks();
      const [bootId, mark] = marks.at(-1) ?? [];
      if (bootId === undefined || mark === undefined) return;
      const last = { wall: wallOf(mark), monotonic: mark.monotonic, bootId, trust: mark.trust };
      if (elapsedMs(last, now) < keepMs || this.#segments[0] !== oldest) return;
      this.#dropOldest();
    }
  }

  #dropOldest(): void {
    const [oldest, ...others] = this.#segments;
    if (oldest === undefined) return;
    rmSync(oldest.path, { force: true });
    this.#segments = others;
  }

  #pathOf(number: number): string {
    return join(this.path, `${String(number).padStart(8, "0")}.seg`);
  }
}

/** Bytes of the pages that a run of bytes touches: what the medium takes. */
export function pages(bytes: number, at = 0): number {
  if (bytes === 0) return 0;
  return (Math.ceil((at + bytes) / PAGE_BYTES) - Math.floor(at / PAGE_BYTES)) * PAGE_BYTES;
}
