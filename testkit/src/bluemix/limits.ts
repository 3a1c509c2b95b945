/** "MQTT messaging", "MQTT connectivity for gateways", "Device management protocol" and "Quotas" of the documentation. */
export interface BluemixLimits {
  /** Whoever sends more is disconnected. */
  readonly payloadBytes: number;
  /** Of one gateway; above it the processing waits, and nothing is lost. */
  readonly messagesPerS: number;
  readonly bytesPerS: number;
  /** Devices that a gateway speaks for on one connection. */
  readonly activeDevices: number;
  /** Messages that wait for a subscriber; then the oldest is discarded. */
  readonly buffer: number;
  /** For how long a device that could not be registered is dropped without a word. Milliseconds. */
  readonly registrationPauseMs: number;
  /** Seconds; 0 is for ever. */
  readonly shortestLifetimeS: number;
}

export const BLUEMIX_LIMITS: BluemixLimits = {
  payloadBytes: 131_072,
  messagesPerS: 100,
  bytesPerS: 400 * 1_024,
  activeDevices: 500,
  buffer: 5_000,
  registrationPauseMs: 60_000,
  shortestLifetimeS: 3_600,
};
