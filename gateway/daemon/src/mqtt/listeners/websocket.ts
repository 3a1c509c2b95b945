import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { MqttCertificate } from "@tram/core";
import type { Ms } from "@tram/protocol";
import { type ServerOptions, WebSocketServer } from "ws";
import type { Attach } from "./listener.ts";
import { WebSocketStream } from "./web-socket-stream.ts";

/** Where clients speak MQTT over WebSocket. */
export const MQTT_PATH = "/mqtt";
/** MQTT 5.0 §6, [MQTT-6.0.0-3]. 3.1.1 has the same name. */
const SUBPROTOCOL = "mqtt";
/** How long the other end has to answer a close frame. */
const CLOSE_MS: Ms = 2_000;

export interface WebSocketDoorOptions {
  /** Id of the listener. */
  readonly listener: string;
  /** Largest frame, bytes: that of the largest packet, for clients send each packet in one. */
  readonly frameBytes: number;
  /**
   * Whether a page may come in, by what the browser says of it (RFC 6455 §10.2). Programs do not say where they come
   * from.
   */
  readonly admits: (headers: IncomingHttpHeaders) => boolean;
}

/** Takes upgrades to WebSocket and hands their streams on. */
export class WebSocketDoor {
  readonly #attach: Attach;
  readonly #options: WebSocketDoorOptions;
  readonly #server: WebSocketServer;

  constructor(attach: Attach, options: WebSocketDoorOptions) {
    this.#attach = attach;
    this.#options = options;
    const settings: ServerOptions & { readonly closeTimeout: Ms } = {
      noServer: true,
      maxPayload: options.frameBytes,
      perMessageDeflate: false,
      autoPong: false,
      closeTimeout: CLOSE_MS, // Newer than the package's types.
      clientTracking: false,
      handleProtocols: () => SUBPROTOCOL,
    };
    this.#server = new WebSocketServer(settings);
  }

  /** @param socket has a listener for its errors. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, certificate?: MqttCertificate): void {
    const { headers } = request;
    const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    if (!this.#options.admits(headers)) turnAway(socket, "403 Forbidden");
    // Who does not name the subprotocol speaks something else ([MQTT-6.0.0-3]).
    else if (!offered.includes(SUBPROTOCOL)) turnAway(socket, "400 Bad Request");
    else {
      const { remoteAddress: address = "" } = socket;
      const { listener } = this.#options;
      this.#server.handleUpgrade(request, socket, head, (client) =>
        this.#attach(new WebSocketStream(client, socket), { address, listener, certificate }),
      );
    }
  }
}

function turnAway(socket: Socket, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
}
