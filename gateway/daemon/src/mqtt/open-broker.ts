import { type BrokerLimits, DEFAULT_LIMITS, openTramBroker } from "@tram/broker";
import type { Broker, BrokerHooks, Clock, Log, Store, Transactions } from "@tram/core";
import type { MqttLimits } from "../config/schema-mqtt.ts";
import type { Settings } from "../config/settings.ts";
import { availableMemory } from "../runtime/available-memory.ts";
import type { Attach } from "./listeners/listener.ts";

export interface BrokerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly transactions: Pick<Transactions, "open" | "transact">;
}

/** A broker that takes the connections of its listeners. */
export type LocalBroker = Broker & { readonly attach: Attach };

/**
 * Of the memory of the machine, or of the control group, what the process may write before nobody new is let in: on a
 * router of 128 MB, where an idle house takes 60, that is 77.
 */
const MEMORY_SHARE = 0.6;

/** Opens the engine that the configuration names, with what an earlier run kept. */
export async function openBroker(
  { engine, limits }: Settings["mqtt"],
  hooks: BrokerHooks,
  parts: BrokerParts,
): Promise<LocalBroker> {
  switch (engine) {
    case "tram":
      return openTramBroker({ limits: brokerLimits(limits) }, hooks, parts);
    case "external":
      throw new Error("the external broker takes no connections of ours");
    case "aedes": {
      // Its code is only read where it is asked for: 5 MB.
      const { openAedesBroker } = await import("./aedes-broker.ts");
      const { Retained } = await import("./retained.ts");
      const retained = new Retained(parts.log);
      const remembered = await retained.restore(parts.store);
      return openAedesBroker({ retained, remembered }, hooks, parts);
    }
  }
}

/** The limits of the engine, as the configuration has them. */
export function brokerLimits(limits: MqttLimits): BrokerLimits {
  const { queue, retained } = DEFAULT_LIMITS;
  return {
    ...DEFAULT_LIMITS,
    packetBytes: limits.packet_bytes ?? DEFAULT_LIMITS.packetBytes,
    connections: limits.connections ?? DEFAULT_LIMITS.connections,
    sessions: limits.sessions ?? DEFAULT_LIMITS.sessions,
    sessionExpirySeconds: limits.session_expiry_seconds ?? DEFAULT_LIMITS.sessionExpirySeconds,
    subscriptions: limits.subscriptions ?? DEFAULT_LIMITS.subscriptions,
    inFlight: limits.in_flight ?? DEFAULT_LIMITS.inFlight,
    queue: { messages: limits.queue_messages ?? queue.messages, bytes: limits.queue_bytes ?? queue.bytes },
    queuedBytes: limits.queued_bytes ?? DEFAULT_LIMITS.queuedBytes,
    retained: {
      messages: limits.retained_messages ?? retained.messages,
      bytes: limits.retained_bytes ?? retained.bytes,
    },
    messagesPerSecond: limits.messages_per_second ?? DEFAULT_LIMITS.messagesPerSecond,
    messageBurst: limits.messages_per_second ?? DEFAULT_LIMITS.messageBurst,
    memoryBytes: limits.memory_bytes ?? Math.floor(availableMemory() * MEMORY_SHARE),
  };
}
