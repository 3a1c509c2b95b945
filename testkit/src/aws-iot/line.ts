import type { TLSSocket } from "node:tls";
import type { CloudClock } from "./cloud-clock.ts";
import { ByteRate } from "./rate.ts";

interface LineEvents {
  readonly onBytes: (bytes: Buffer) => void;
  /** Bytes have to wait before they are looked at. */
  readonly onDelayed: () => void;
  /** The socket is closed; called once. */
  readonly onClosed: () => void;
}

/** The bytes of one connection: as fast as AWS processes them, and as dead as a test wants it. */
export class Line {
  readonly #socket: TLSSocket;
  readonly #clock: CloudClock;
  readonly #inbound: ByteRate;
  readonly #outbound: ByteRate;
  readonly #waiting: Buffer[] = [];
  readonly #timers = new Set<Disposable>();
  #writing = false;
  /** Silent: nothing is read, nothing is written, nobody is told. */
  #state: "open" | "silent" | "closed" = "open";

  /** @param bytesPerS each way. */
  constructor(socket: TLSSocket, clock: CloudClock, bytesPerS: number) {
    this.#socket = socket;
    this.#clock = clock;
    this.#inbound = new ByteRate(bytesPerS);
    this.#outbound = new ByteRate(bytesPerS);
  }

  start({ onBytes, onDelayed, onClosed }: LineEvents): void {
    this.#socket.on("error", () => undefined);
    this.#socket.once("close", () => {
      this.#state = "closed";
      for (const timer of this.#timers) timer[Symbol.dispose]();
      onClosed();
    });
    this.#socket.on("data", (bytes) => {
      const waitMs = this.#inbound.take(bytes.length, this.#clock.monotonic());
      if (waitMs === 0) {
        this.#read(bytes, onBytes);
        return;
      }
      // "Data that exceeds the maximum throughput is delayed in processing."
      onDelayed();
      this.#socket.pause();
      this.#later(waitMs, () => {
        this.#read(bytes, onBytes);
        if (this.#state !== "silent") this.#socket.resume();
      });
    });
  }

  write(bytes: Buffer): void {
    if (this.#state !== "open") return;
    this.#waiting.push(bytes);
    this.#flush();
  }

  /** Closes, when what was written is out. */
  close(): void {
    // Not even the end of the connection reaches the other side of a dead line.
    if (this.#state === "silent") return;
    this.#state = "closed";
    for (const bytes of this.#waiting.splice(0)) this.#socket.write(bytes);
    this.#socket.destroySoon();
  }

  goSilent(): void {
    if (this.#state !== "open") return;
    this.#state = "silent";
    this.#socket.pause();
  }

  #read(bytes: Buffer, onBytes: (bytes: Buffer) => void): void {
    if (this.#state === "open") onBytes(bytes);
  }

  #flush(): void {
    if (this.#writing) return;
    for (let bytes = this.#waiting.shift(); bytes !== undefined; bytes = this.#waiting.shift()) {
      const waitMs = this.#outbound.take(bytes.length, this.#clock.monotonic());
      if (waitMs > 0) {
        const late = bytes;
        this.#writing = true;
        this.#later(waitMs, () => {
          this.#writing = false;
          if (this.#state === "open") this.#socket.write(late);
          this.#flush();
        });
        return;
      }
      if (this.#state === "open") this.#socket.write(bytes);
    }
  }

  #later(delayMs: number, call: () => void): void {
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer);
      call();
    });
    this.#timers.add(timer);
  }
}
