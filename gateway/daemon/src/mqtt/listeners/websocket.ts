import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { MqttCertificate } from "@tram/core";
import { createWebSocketStream, WebSocketServer } from "ws";
import { fromOwnOrigin } from "../../http/own-origin.ts";
import type { Attach } from "./listener.ts";

/** Where clients speak MQTT over WebSocket. */
export const MQTT_PATH = "/mqtt";
/** MQTT 5.0 §6, [MQTT-6.0.0-3]. 3.1.1 has the same name. */
const SUBPROTOCOL = "mqtt";
/** A frame may hold several packets or parts of one ([MQTT-6.0.0-2]); the engine bounds packets, this bounds frames. Bytes. */
const LARGEST_FRAME = 1_048_576;

/** Takes upgrades to WebSocket and hands their streams on. */
export class WebSocketDoor {
  readonly #attach: Attach;
  readonly #listener: string;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: LARGEST_FRAME,
    perMessageDeflate: false,
    // Who does not name the subprotocol gets none ([MQTT-6.0.0-3]), and is turned away before.
    handleProtocols: (protocols) => (protocols.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });

  constructor(attach: Attach, listener: string) {
    this.#attach = attach;
    this.#listener = listener;
  }

  /** A browser's page of another origin is turned away (RFC 6455 §10.2); programs do not say where they come from. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, certificate?: MqttCertificate): void {
    const { headers } = request;
    const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((name) => name.trim());
    if (fromOwnOrigin(headers) === false || !offered.includes(SUBPROTOCOL)) {
      turnAway(socket, offered.includes(SUBPROTOCOL) ? "403 Forbidden" : "400 Bad Request");
      return;
    }
    const address = socket.remoteAddress ?? "";
    this.#server.handleUpgrade(request, socket, head, (client) => {
      // [MQTT-6.0.0-1] binary frames only.
      client.on("message", (_data, isBinary) => {
        if (!isBinary) client.terminate();
      });
      const stream = createWebSocketStream(client);
      this.#attach(stream, { address, listener: this.#listener, certificate });
    });
  }
}

function turnAway(socket: Socket, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`);
}
