import { once } from "node:events";
import { createServer, connect as dial, type Server, type Socket } from "node:net";

/** A line to a local port that can be cut, unplugged without a word, and closed. */
export class TcpLine implements AsyncDisposable {
  readonly port: number;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #silent = false;

  /** @param target port that it leads to. @param port where it begins; 0 takes a free one. */
  static async open(target: number, port = 0): Promise<TcpLine> {
    const server = createServer();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new TcpLine(server, target, address.port);
  }

  private constructor(server: Server, target: number, port: number) {
    this.#server = server;
    this.#target = target;
    this.port = port;
    server.on("connection", (near) => this.#join(near));
  }

  /** Loses every connection. */
  async cut(): Promise<void> {
    const gone = [...this.#sockets].map((socket) => (socket.closed ? undefined : once(socket, "close")));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(gone);
  }

  /** From now on nothing passes, and nobody is told. */
  unplug(): void {
    this.#silent = true;
  }

  async start(): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, "close");
    this.#server.close();
    await this.cut();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #join(near: Socket): void {
    const far = dial(this.#target, "127.0.0.1");
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (bytes) => {
        if (!this.#silent) to.write(bytes);
      });
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}
