import type { EpochMs } from "@tram/protocol";

/** Why the platform would not have it. */
export type IncidentCode =
  /** CONNECT. */
  | "connect-refused"
  | "protocol-version"
  | "client-id"
  | "user-name"
  | "unknown-org"
  | "unknown-gateway"
  | "wrong-token"
  | "taken-over"
  | "keepalive"
  /** PUBLISH. */
  | "qos-2"
  | "payload-too-large"
  | "retain-cleared"
  | "topic"
  | "device-type"
  | "device-id"
  | "other-gateway"
  | "too-many-devices"
  | "registration-pause"
  /** SUBSCRIBE, and what comes of it. */
  | "filter"
  | "buffer-full"
  /** Device management. */
  | "management-form"
  | "lifetime-over"
  | "response-unknown"
  | "response-form"
  | "notify-unobserved"
  /** Whatever else is not MQTT 3.1.1. */
  | "protocol";

/** Something that the platform refused, threw away or ended; what a test looks at instead of the connection log. */
export interface Incident {
  readonly code: IncidentCode;
  readonly at: EpochMs;
  readonly clientId?: string;
  readonly topic?: string;
}

/** Told of an incident. */
export type Report = (code: IncidentCode, where?: { clientId?: string; topic?: string }) => void;
