import { once } from "node:events";
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Faults } from "../aws-iot/faults.ts";
import type { Report } from "./incident.ts";

export interface ListenerOptions {
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  readonly faults: Faults;
  readonly report: Report;
}

/** The door: TLS 1.2 or later, the platform alone shows a certificate. */
export class Listener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** 0 takes a free one, and the same again after a stop. */
  #port = 0;

  constructor({ certificate, key, faults, report }: ListenerOptions, onGateway: (socket: TLSSocket) => void) {
    this.#server = createServer({ cert: certificate, key, minVersion: "TLSv1.2" });
    this.#server.on("connection", (socket: Socket) => {
      if (faults.connects === "hang-up") {
        report("connect-refused");
        socket.destroy();
        return;
      }
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    this.#server.on("tlsClientError", (_error, socket) => socket.destroy());
    this.#server.on("secureConnection", (socket) => {
      socket.on("error", () => undefined);
      socket.setNoDelay(true);
      onGateway(socket);
    });
  }

  get port(): number {
    return this.#port;
  }

  /** @throws {Error} when the port is not free. */
  async start(): Promise<void> {
    if (this.#server.listening) return;
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the listener has no port");
    this.#port = address.port;
  }

  /** Stops listening, and loses what is connected. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    await this.cut();
  }

  /** Loses every connection, without a goodbye. */
  async cut(): Promise<void> {
    const gone = [...this.#sockets].map((socket) => (socket.closed ? undefined : once(socket, "close")));
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(gone);
  }
}
