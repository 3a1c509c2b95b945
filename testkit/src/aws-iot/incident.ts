import type { EpochMs } from "@tram/protocol";

/** Why AWS would not have it. */
export type IncidentCode =
  /** TLS. */
  | "no-server-name"
  | "wrong-server-name"
  | "no-alpn"
  | "certificate-unknown"
  | "certificate-not-active"
  /** CONNECT. */
  | "protocol-version"
  | "client-id"
  | "connect-throttled"
  | "connect-refused"
  | "connect-not-authorized"
  | "taken-over"
  | "keepalive"
  /** PUBLISH. */
  | "qos-2"
  | "topic"
  | "reserved-topic"
  | "payload-too-large"
  | "publish-not-authorized"
  | "retain-not-authorized"
  | "publish-throttled"
  | "unacknowledged-limit"
  /** More bytes in a second than are processed: they have to wait. */
  | "inbound-delayed"
  /** SUBSCRIBE, and what comes of it. */
  | "too-many-filters"
  | "too-many-subscriptions"
  | "subscribe-not-authorized"
  | "receive-not-authorized"
  | "outbound-throttled"
  | "session-expired"
  /** Whatever else is not MQTT 3.1.1. */
  | "protocol";

/** Something that AWS refused, threw away or ended; what a test looks at instead of a CloudWatch log. */
export interface Incident {
  readonly code: IncidentCode;
  readonly at: EpochMs;
  readonly clientId?: string;
  readonly topic?: string;
}

/** Told of an incident. */
export type Report = (code: IncidentCode, where?: { clientId?: string; topic?: string }) => void;
