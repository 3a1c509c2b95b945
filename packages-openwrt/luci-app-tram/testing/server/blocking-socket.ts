import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import type { SocketCommand, SocketReply } from "./socket-worker.ts";

/** Longer than the plugin waits itself. */
const MOST_MS = 10_000;

interface Connection {
  send(text: string): number | null;
  recv(most: number): string | null;
  close(): void;
}

/**
 * ucode's module `socket`, as far as the plugin uses it: one connection to a Unix socket, which blocks. Texts are bytes
 * there, here one character each.
 */
export class BlockingSocket implements Disposable {
  readonly POLLIN = 1;
  readonly POLLOUT = 4;
  readonly MSG_DONTWAIT = 0x40;
  readonly #path: () => string;
  readonly #bell = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;
  readonly #port;
  #asked = 0;

  /** @param path where the socket is that the plugin knows as /var/run/tram/tram.sock. */
  constructor(path: () => string) {
    const { port1, port2 } = new MessageChannel();
    this.#path = path;
    this.#port = port1;
    this.#worker = new Worker(new URL("./socket-worker.ts", import.meta.url), {
      workerData: { port: port2, bell: this.#bell },
      transferList: [port2],
    });
    this.#worker.unref();
    port1.unref();
  }

  connect({ path }: { path: string }): Connection | null {
    if (path !== "/var/run/tram/tram.sock") throw new Error(`the plugin connects to ${path}`);
    if (this.#ask({ do: "connect", path: this.#path() }) !== true) return null;
    return {
      send: (text) => {
        const bytes = Buffer.from(text, "latin1");
        return this.#ask({ do: "write", bytes }) === true ? bytes.length : null;
      },
      recv: (most) => Buffer.from(this.#ask({ do: "read", most }) as Uint8Array).toString("latin1"),
      close: () => void this.#ask({ do: "close" }),
    };
  }

  poll(ms: number, [connection, what]: [Connection, number]): [[Connection, number]] {
    const happened = what === this.POLLOUT || this.#ask({ do: "wait", ms }) === true;
    return [[connection, happened ? what : 0]];
  }

  /** An answer that came too late for the one who asked must not be taken by the next. */
  #ask(command: SocketCommand): unknown {
    const number = ++this.#asked;
    const until = performance.now() + MOST_MS;
    this.#port.postMessage({ number, command });
    for (;;) {
      const latest = Atomics.load(this.#bell, 0);
      if (latest === number) break;
      const leftMs = until - performance.now();
      if (leftMs <= 0 || Atomics.wait(this.#bell, 0, latest, leftMs) === "timed-out") {
        throw new Error(`${command.do} hangs`);
      }
    }
    for (;;) {
      const reply = receiveMessageOnPort(this.#port)?.message as SocketReply | undefined;
      if (reply === undefined || reply.number === number) return reply?.answer;
    }
  }

  [Symbol.dispose](): void {
    void this.#worker.terminate();
    this.#port.close();
  }
}
