import type { Proof } from "./evidence.ts";

const WEB_SOCKET = "gateway/daemon/src/mqtt/listeners/web-socket.test.ts";

/** What the engine alone cannot show: it takes streams, and the listeners of the daemon make them out of sockets. */
export const PROVED_ELSEWHERE: readonly Proof[] = (["3.1.1", "5.0"] as const).flatMap((version) => [
  {
    version,
    id: "MQTT-6.0.0-1",
    file: WEB_SOCKET,
    test: "a text frame ends the connection, and what is in it is not taken",
  },
  { version, id: "MQTT-6.0.0-2", file: WEB_SOCKET, test: "packets begin and end anywhere in them" },
  { version, id: "MQTT-6.0.0-3", file: WEB_SOCKET, test: "nobody without the subprotocol, or elsewhere" },
  {
    version,
    id: "MQTT-6.0.0-4",
    file: WEB_SOCKET,
    test: "programs, and pages of the gateway itself on any of its ports",
  },
]);
