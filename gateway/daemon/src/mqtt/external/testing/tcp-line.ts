import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** A line to a port of loopback that can be cut. */
export class TcpLine implements AsyncDisposable {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  static async open(port: number): Promise<TcpLine> {
    const line = new TcpLine(port);
    line.#server.listen(0, "127.0.0.1");
    await once(line.#server, "listening");
    return line;
  }

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, "127.0.0.1");
      for (const [from, to] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(from);
        from.on("error", () => undefined);
        from.once("close", () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
  }

  get url(): string {
    const address = this.#server.address();
    return `mqtt://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  }

  /** Swallows what the near end says, on the connections that are there. */
  hold(): void {
    for (const socket of this.#sockets) socket.unpipe();
  }

  /** Cuts every connection, without a goodbye. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}
