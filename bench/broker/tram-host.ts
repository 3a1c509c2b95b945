import { DEFAULT_LIMITS, openTramBroker } from "@tram/broker";
import { Listeners } from "../../gateway/daemon/src/mqtt/listeners/listeners.ts";
import { hostOptions } from "./host-options.ts";
import { openBenchHouse } from "./house.ts";

/** Our engine with everything that the gateway puts behind it, in a process of its own. */

/**
 * Limits that a benchmark runs into and a house does not: how fast one client may publish, and how much may wait for
 * one that is away.
 */
const WITHOUT_LIMIT = {
  messagesPerSecond: 1e7,
  messageBurst: 1e7,
  queue: { messages: 1_000_000, bytes: 1_073_741_824 },
  queuedBytes: 1_073_741_824,
};

const { hooks, parts, attach } = await openBenchHouse(hostOptions());
const broker = await openTramBroker({ limits: { ...DEFAULT_LIMITS, ...WITHOUT_LIMIT } }, hooks, parts);
attach(broker);
const listeners = await Listeners.open(
  [
    {
      id: "bench",
      key: "bench",
      protocol: "mqtt",
      host: "127.0.0.1",
      port: 0,
      connections: DEFAULT_LIMITS.connections,
      clientCertificates: "off",
    },
  ],
  {
    attach: (stream, origin) => broker.attach(stream, origin),
    clock: parts.clock,
    log: parts.log,
    tls: undefined,
    frameBytes: DEFAULT_LIMITS.packetBytes,
    hosts: [],
    onChange: () => undefined,
  },
);
console.log(`up ${listeners.addresses[0]?.port}`);
process.on("SIGTERM", () => process.exit(0));
