import type { Clock } from "@tram/core";
import type { Ms, ThingId } from "@tram/protocol";
import type { Notice, NoticeBoard, Watch } from "./notice-board.ts";

/** How many connections are held open, and how much one may leave unread. In bytes. */
export const STREAM_LIMITS = { each: 64, all: 256, backlogBytes: 262_144 } as const;
/** HTML §9.2.7 "Authoring notes": proxies cut what is silent; a comment every 15 s or so helps. In milliseconds. */
export const HEARTBEAT_MS: Ms = 15_000;

/** A connection that notices are written to, however it spells them. */
export interface Wire {
  /** The other end is gone. */
  readonly closed: boolean;
  /** Bytes that the other end has not taken yet. */
  readonly backlog: number;
  tell(notice: Notice, id: string): void;
  /** So far all is told: an id to come back with, also for who has heard nothing yet. */
  mark(id: string): void;
  /** Notices between the last one known and those that follow are not kept any more. */
  gap(): void;
  beat(): void;
  /** Ends in order; the other end may come back. */
  end(): void;
  /** Ends at once: the other end is too slow, or may not listen any more. */
  cut(): void;
  onClose(listener: () => void): void;
}

export interface StreamRequest {
  readonly watch: Watch;
  /** Who listens: the limit is for each. */
  readonly person: string;
  /** Asked again when rights were taken back, and with each heartbeat. */
  readonly stillAllowed: () => boolean;
  /** What a former connection heard last, as the client says: any text. */
  readonly lastId?: string | undefined;
  /** What is the case now, for somebody who did not hear how it came about. */
  readonly present?: () => readonly Notice[];
}

interface Stream {
  readonly request: StreamRequest;
  readonly wire: Wire;
  readonly watching: Disposable;
}

/** The open connections of those who watch: bounded, kept alive, and ended when their rights end. */
export class EventStreams {
  readonly #board: NoticeBoard;
  /** Begins the ids of this process: those of an earlier one say nothing here. */
  readonly #era: string;
  readonly #streams = new Set<Stream>();
  readonly #beat: Disposable;

  /** @param parts.era differs from process to process; letters and digits. */
  constructor(parts: { board: NoticeBoard; clock: Clock; era: string }) {
    this.#board = parts.board;
    this.#era = parts.era;
    this.#beat = parts.clock.every(HEARTBEAT_MS, () => this.#beatAll());
  }

  get size(): number {
    return this.#streams.size;
  }

  /** Why there is no room for one more of this person; `undefined` when there is. */
  full(person: string): string | undefined {
    if (this.#streams.size >= STREAM_LIMITS.all) return `${STREAM_LIMITS.all} streams are open`;
    let own = 0;
    for (const { request } of this.#streams) if (request.person === person) own++;
    return own >= STREAM_LIMITS.each ? `${STREAM_LIMITS.each} streams of ${person} are open` : undefined;
  }

  /** Tells what was missed, or what is the case, and from now on everything that happens. */
  open(request: StreamRequest, wire: Wire): void {
    if (wire.closed || this.full(request.person) !== undefined || !request.stillAllowed()) {
      wire.cut();
      return;
    }
    const { watch } = request;
    const known = this.#numberOf(request.lastId);
    const missed = this.#board.since(watch, known ?? 0);
    const stream: Stream = {
      request,
      wire,
      watching: this.#board.watch(watch, (notice) => this.#tell(stream, notice)),
    };
    this.#streams.add(stream);
    wire.onClose(() => this.#forget(stream));
    const gap = request.lastId !== undefined && !(known !== undefined && missed.complete);
    if (gap) wire.gap();
    // A state is told as it is: how it came about matters only to those who heard the beginning.
    if (request.present !== undefined && (request.lastId === undefined || gap)) {
      for (const notice of request.present()) this.#tell(stream, notice, this.#board.seq);
    } else if (request.lastId !== undefined) {
      for (const notice of missed.notices) this.#tell(stream, notice);
    }
    wire.mark(this.#idOf(this.#board.seq));
  }

  /** Ends the connections of those who lost their rights. */
  recheck(): void {
    for (const stream of this.#streams) if (!stream.request.stillAllowed()) this.#cut(stream);
  }

  /** A Thing is gone: there is nothing to hear of it any more. */
  retire(thing: ThingId): void {
    for (const stream of this.#streams) {
      if (stream.request.watch.thing !== thing) continue;
      this.#forget(stream);
      stream.wire.end();
    }
  }

  close(): void {
    this.#beat[Symbol.dispose]();
    for (const stream of this.#streams) {
      this.#forget(stream);
      stream.wire.end();
    }
  }

  #tell(stream: Stream, notice: Notice, seq = notice.seq): void {
    if (!this.#streams.has(stream)) return;
    if (stream.wire.backlog > STREAM_LIMITS.backlogBytes) this.#cut(stream);
    else stream.wire.tell(notice, this.#idOf(seq));
  }

  #beatAll(): void {
    this.recheck();
    for (const stream of this.#streams) {
      if (stream.wire.closed || stream.wire.backlog > STREAM_LIMITS.backlogBytes) this.#cut(stream);
      else stream.wire.beat();
    }
  }

  #cut(stream: Stream): void {
    this.#forget(stream);
    stream.wire.cut();
  }

  #forget(stream: Stream): void {
    stream.watching[Symbol.dispose]();
    this.#streams.delete(stream);
  }

  #idOf(seq: number): string {
    return `${this.#era}-${seq}`;
  }

  /** @returns `undefined` for an id of another process, or for any other text. */
  #numberOf(id: string | undefined): number | undefined {
    const [, era, seq] = /^([a-z0-9]{1,32})-(\d{1,15})$/.exec(id ?? "") ?? [];
    return era === this.#era && seq !== undefined ? Math.min(Number(seq), this.#board.seq) : undefined;
  }
}
