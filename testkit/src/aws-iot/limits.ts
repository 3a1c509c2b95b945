/**
 * What AWS IoT Core allows on one connection: "AWS IoT Core endpoints and quotas" of the AWS General Reference, sections
 * message broker, protocol and device shadow. Bytes are of UTF-8; a kilobyte is 1,024 bytes.
 */
export interface AwsIotLimits {
  readonly payloadBytes: number;
  readonly topicBytes: number;
  /** Of a topic or a filter, without the prefix `$aws/rules/<rule>/`. */
  readonly topicSlashes: number;
  readonly clientIdBytes: number;
  readonly filtersPerSubscribe: number;
  readonly subscriptions: number;
  /** In any second; what is above it is thrown away, and never acknowledged. Each way. */
  readonly publishesPerS: number;
  /** Above it the processing waits. Each way. */
  readonly bytesPerS: number;
  /** QoS 1 without PUBACK, each way. */
  readonly unacknowledged: number;
  /** A shorter keep-alive counts as this. Seconds. */
  readonly shortestKeepaliveS: number;
  /** A longer keep-alive, or none, counts as this. Seconds. */
  readonly longestKeepaliveS: number;
  /** How long a session is kept after its connection. Milliseconds. */
  readonly sessionExpiryMs: number;
  /** How fast a session that was kept gets its stored messages. */
  readonly storedPerS: number;
  /** CONNECTs of one client id in any second. AWS has 1; a test that only wants to connect again has no use for it. */
  readonly connectsPerS: number;
  /** State of a shadow, without metadata, and the request for it. */
  readonly shadowBytes: number;
  /** Levels below `desired` or `reported`. */
  readonly shadowDepth: number;
  readonly shadowNameBytes: number;
  readonly thingNameBytes: number;
  /** Shadow requests of one Thing that are not answered yet. */
  readonly shadowInFlight: number;
  readonly clientTokenBytes: number;
}

export const AWS_IOT_LIMITS: AwsIotLimits = {
  payloadBytes: 128 * 1_024,
  topicBytes: 256,
  topicSlashes: 7,
  clientIdBytes: 128,
  filtersPerSubscribe: 8,
  subscriptions: 50,
  publishesPerS: 100,
  bytesPerS: 512 * 1_024,
  unacknowledged: 100,
  shortestKeepaliveS: 30,
  longestKeepaliveS: 1_200,
  sessionExpiryMs: 3_600_000,
  storedPerS: 10,
  connectsPerS: Number.POSITIVE_INFINITY,
  shadowBytes: 8 * 1_024,
  shadowDepth: 8,
  shadowNameBytes: 64,
  thingNameBytes: 128,
  shadowInFlight: 10,
  clientTokenBytes: 64,
};
