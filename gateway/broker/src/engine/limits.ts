import type { Ms } from "@tram/protocol";
import type { OutboundLimits } from "../session/outbound-flow.ts";
import type { RetainedLimits, TopicLimits } from "../topics/index.ts";

/** What a client can cost. Each has its reason to be where it is; the configuration changes them. */
export interface BrokerLimits {
  /** Largest packet of a client that is in, bytes with the fixed header. */
  readonly packetBytes: number;
  /** Largest CONNECT, bytes: whoever sends it has proved nothing yet. */
  readonly connectBytes: number;
  /** From the connection to CONNECT, and as long again for the login. */
  readonly connectTimeoutMs: Ms;
  /** Connections that have not logged in yet; the oldest of them makes room. */
  readonly halfOpen: number;
  readonly connections: number;
  /** Sessions, those of clients that are away included. */
  readonly sessions: number;
  readonly topic: TopicLimits;
  readonly clientIdBytes: number;
  readonly subscriptions: number;
  /** Filters in one SUBSCRIBE or UNSUBSCRIBE. */
  readonly filtersPerPacket: number;
  /** User properties in one packet. */
  readonly userProperties: number;
  /** Messages of QoS 1 and 2 that are unacknowledged at a time, in each direction, 1 to 65,535. */
  readonly inFlight: number;
  readonly topicAliases: number;
  /** What waits for one session. */
  readonly queue: OutboundLimits;
  /** What waits for all of them, bytes. */
  readonly queuedBytes: number;
  readonly retained: RetainedLimits;
  /** Largest retained payload, bytes. */
  readonly retainedPayloadBytes: number;
  /** Messages that a client may publish in a second, and at once; beyond that it is read more slowly. */
  readonly messagesPerSecond: number;
  readonly messageBurst: number;
  /** Longest that a socket may take nothing while something waits for it. */
  readonly drainTimeoutMs: Ms;
  /** Longest life of a session whose client is away, seconds. */
  readonly sessionExpirySeconds: number;
  /** Longest keep-alive of clients of 5.0, seconds; they are told. 0 for any. */
  readonly keepAliveSeconds: number;
  /** Memory that the process has written, above which nobody new is let in, bytes. 0 for no ceiling. */
  readonly memoryBytes: number;
  /** How long the wills of a crash wait for their clients to come back. */
  readonly restartGraceMs: Ms;
}

const DAY_SECONDS = 86_400;

export const DEFAULT_LIMITS: BrokerLimits = {
  packetBytes: 1_048_576,
  connectBytes: 65_536,
  connectTimeoutMs: 10_000,
  halfOpen: 512,
  connections: 10_000,
  sessions: 10_000,
  topic: { bytes: 1_024, levels: 32 },
  clientIdBytes: 256,
  subscriptions: 1_000,
  filtersPerPacket: 1_000,
  userProperties: 64,
  inFlight: 64,
  topicAliases: 32,
  queue: { messages: 1_000, bytes: 4_194_304 },
  queuedBytes: 33_554_432,
  retained: { messages: 50_000, bytes: 16_777_216 },
  retainedPayloadBytes: 262_144,
  messagesPerSecond: 20_000,
  messageBurst: 20_000,
  drainTimeoutMs: 20_000,
  sessionExpirySeconds: 30 * DAY_SECONDS,
  keepAliveSeconds: 3_600,
  memoryBytes: 0,
  restartGraceMs: 10_000,
};
