import type { Socket } from "node:net";

/** Connections of one listener that are in a handshake at a time. */
const MOST_HALF_OPEN = 256;

/**
 * The connections of a listener that are not through the TLS handshake or the upgrade to WebSocket, which the engine does
 * not know of yet. Where too many wait, the one that has waited longest makes room: silence must not keep others out.
 */
export class HalfOpen {
  /** By the other end: the socket of TLS is another object than the one below it, with the same other end. */
  readonly #sockets = new Map<string, Socket>();
  readonly #most: number;

  constructor(most = MOST_HALF_OPEN) {
    this.#most = most;
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** A connection has come. @param socket the lowest one. */
  came(socket: Socket): void {
    const key = keyOf(socket);
    this.#sockets.set(key, socket);
    socket.once("close", () => {
      if (this.#sockets.get(key) === socket) this.#sockets.delete(key);
    });
    if (this.#sockets.size <= this.#most) return;
    for (const [oldest, waiting] of this.#sockets) {
      this.#sockets.delete(oldest);
      waiting.destroy();
      break;
    }
  }

  /** A connection is through. @param socket the lowest one, or that of TLS. */
  through(socket: Socket): void {
    this.#sockets.delete(keyOf(socket));
  }

  /** Cuts all of them off. */
  cut(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
    this.#sockets.clear();
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress ?? ""} ${remotePort ?? ""}`;
}
