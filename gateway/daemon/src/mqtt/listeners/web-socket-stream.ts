import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import type { WebSocket } from "ws";

/**
 * What may come before the broker has answered anything, bytes: a CONNECT and what a client sends behind it. Frames are
 * collected whole, and whoever is not in yet must not fill the memory with them.
 */
const UNANSWERED_BYTES = 131_072;
/** A client that does not read gets no pongs: RFC 6455 §5.5.3 asks only for the latest. Bytes. */
const UNREAD_BYTES = 65_536;
/** RFC 6455 §7.4.1. */
const CLOSE = { normal: 1000, unsupportedData: 1003 } as const;

/** The bytes in the binary frames of a WebSocket: MQTT 5.0 §6. Packets begin and end anywhere in them ([MQTT-6.0.0-2]). */
export class WebSocketStream extends Duplex {
  readonly #client: WebSocket;
  readonly #socket: Socket;
  readonly #countUnanswered = (chunk: Buffer): void => this.#count(chunk.length);
  #unanswered = 0;
  #answered = false;

  /**
   * @param client does not answer pings by itself.
   * @param socket below it.
   */
  constructor(client: WebSocket, socket: Socket) {
    super({ allowHalfOpen: false });
    this.#client = client;
    this.#socket = socket;
    socket.on("data", this.#countUnanswered);
    client.on("message", (data, isBinary) => this.#hear(data as Buffer, isBinary));
    client.on("ping", (data) => {
      if (client.bufferedAmount < UNREAD_BYTES) client.pong(data);
    });
    client.on("error", (error) => this.destroy(error));
    client.on("close", () => this.push(null));
  }

  override _read(): void {
    if (this.#client.isPaused) this.#client.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#stopCounting();
    if (this.#client.readyState === this.#client.OPEN) this.#client.send(chunk, done);
    else done(); // It has said goodbye: nobody reads this.
  }

  override _final(done: (error?: Error | null) => void): void {
    const client = this.#client;
    if (client.readyState === client.CLOSED) {
      done();
      return;
    }
    client.once("close", () => done());
    client.close(CLOSE.normal);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#stopCounting();
    this.#client.terminate();
    done(error);
  }

  #hear(data: Buffer, isBinary: boolean): void {
    if (this.destroyed) return;
    if (!isBinary) {
      // [MQTT-6.0.0-1]
      this.#client.close(CLOSE.unsupportedData, "binary frames only");
      this.destroy(new Error("a text frame"));
    } else if (!this.push(data)) this.#client.pause();
  }

  #count(bytes: number): void {
    this.#unanswered += bytes;
    if (this.#unanswered > UNANSWERED_BYTES) {
      this.destroy(new Error(`more than ${UNANSWERED_BYTES} bytes without a login`));
    }
  }

  #stopCounting(): void {
    if (this.#answered) return;
    this.#answered = true;
    this.#socket.off("data", this.#countUnanswered);
  }
}
