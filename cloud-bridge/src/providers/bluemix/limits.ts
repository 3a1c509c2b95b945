/** "MQTT connectivity for gateways", client identifier: what a device type and a device id may be made of. */
export const NAME_PATTERN = "^[A-Za-z0-9_.-]{1,36}$";
export const NAME_CHARACTERS = 36;

/** Of the platform's documentation: "MQTT messaging" (payload) and "Quotas" (sends of a gateway). */
export const BLUEMIX_LIMITS = {
  /** Whoever sends more is disconnected. */
  payloadBytes: 131_072,
  /** Above it the cloud does not lose messages, it becomes slow. */
  messagesPerS: 100,
  bytesPerS: 400 * 1_024,
} as const;

/** What of the messages a second is kept for answers and device management. */
export const ANSWERS_PER_S = 20;
/** "Device management protocol": a shorter lifetime is refused, seconds. */
export const SHORTEST_LIFETIME_S = 3_600;
