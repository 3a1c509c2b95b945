import { constants } from "node:crypto";
import { once } from "node:events";
import type { Socket } from "node:net";
import { createSecureContext, createServer, type Server, type TLSSocket } from "node:tls";
import type { Faults } from "./faults.ts";
import type { Report } from "./incident.ts";

/** "Protocols, port mappings, and authentication": MQTT with a client certificate on port 443. */
export const ALPN_MQTT = "x-amzn-mqtt-ca";

export interface ListenerOptions {
  /** What the endpoint is called; a client must ask for it (TLS server name indication). */
  readonly names: readonly string[];
  /** PEM. */
  readonly certificate: string;
  readonly key: string;
  /** Who may have signed the certificate of a device, PEM. */
  readonly clientAuthorities: readonly string[];
  /** As on port 443 (`required`) or as on port 8883 (`optional`). */
  readonly alpn: "required" | "optional";
  readonly faults: Faults;
  readonly report: Report;
}

/** The door: TLS with a certificate on both sides. */
export class Listener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port: number;

  /**
   * @param onDevice given each connection with the certificate that it showed, DER.
   * @param port 0 takes a free one, and the same again after a stop.
   */
  constructor(
    options: ListenerOptions,
    onDevice: (socket: TLSSocket, certificate: Buffer) => void,
    port = 0,
  ) {
    this.#port = port;
    const { names, certificate, key, clientAuthorities, alpn, faults, report } = options;
    const context = createSecureContext({ cert: certificate, key, ca: [...clientAuthorities] });
    this.#server = createServer({
      cert: certificate,
      key,
      ca: [...clientAuthorities],
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      ALPNProtocols: [ALPN_MQTT],
      // "AWS IoT does not support the SessionTicket TLS extension."
      secureOptions: constants.SSL_OP_NO_TICKET,
      SNICallback: (name, answer) => {
        if (names.includes(name)) {
          answer(null, context);
          return;
        }
        report("wrong-server-name", { topic: name });
        answer(new Error("no such endpoint"));
      },
    });
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
      // Nagle's algorithm would make an answer wait for the acknowledgement of the one before.
      socket.setNoDelay(true);
      const fault = socket.servername ? alpnFault(socket, alpn) : "no-server-name";
      if (fault !== undefined) {
        report(fault);
        socket.destroy();
        return;
      }
      onDevice(socket, socket.getPeerCertificate().raw);
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

function alpnFault({ alpnProtocol }: TLSSocket, alpn: "required" | "optional"): "no-alpn" | undefined {
  return alpn === "required" && alpnProtocol !== ALPN_MQTT ? "no-alpn" : undefined;
}
