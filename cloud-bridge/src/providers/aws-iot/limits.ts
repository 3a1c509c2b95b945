/**
 * What AWS IoT Core allows (AWS General Reference, "AWS IoT Core endpoints and quotas", and the developer guide's pages
 * on Device Shadow and Jobs). Where an account may raise a quota, this is its default.
 */
export const AWS_LIMITS = {
  /** Of one message. */
  payloadBytes: 131_072,
  topicBytes: 256,
  /** Forward slashes in a topic, outside of `$aws/rules/<rule>/`. */
  topicSlashes: 7,
  filtersPerSubscribe: 8,
  subscriptions: 50,
  publishesPerS: 100,
  bytesPerS: 524_288,
  unacknowledged: 100,
  thingNameCharacters: 128,
  shadowNameCharacters: 64,
  /** Of `desired` and `reported` together; metadata does not count. */
  shadowBytes: 8_192,
  /**
   * The quota says 8 levels, the error message of the service 6: with `state` and its section, six levels are left for
   * what is inside.
   */
  shadowLevels: 6,
  /** Requests without an answer: ten a Thing by the quota, ten a connection by the error message. */
  shadowRequests: 10,
  /** Characters of one value of a job's status details. */
  jobDetailCharacters: 1_024,
} as const;

/**
 * Why a message can never go to AWS IoT, or `undefined` when it fits.
 * @param payloadBytes of the payload alone.
 */
export function unfit(topic: string, payloadBytes: number): string | undefined {
  const topicBytes = Buffer.byteLength(topic);
  if (topicBytes > AWS_LIMITS.topicBytes) {
    return `its topic has ${topicBytes} bytes, and AWS IoT takes ${AWS_LIMITS.topicBytes}`;
  }
  const slashes = topic.split("/").length - 1;
  if (slashes > AWS_LIMITS.topicSlashes) {
    return `its topic has ${slashes} slashes, and AWS IoT takes ${AWS_LIMITS.topicSlashes}`;
  }
  if (payloadBytes > AWS_LIMITS.payloadBytes) {
    return `it has ${payloadBytes} bytes, and AWS IoT takes ${AWS_LIMITS.payloadBytes}`;
  }
  return undefined;
}
