/** Reason codes of MQTT 5.0 §2.4; those from 0x80 on are failures. Names are those of the specification. */
export const ReasonCode = {
  success: 0x00,
  grantedQos1: 0x01,
  grantedQos2: 0x02,
  disconnectWithWill: 0x04,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  continueAuthentication: 0x18,
  reAuthenticate: 0x19,
  unspecifiedError: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationSpecificError: 0x83,
  unsupportedProtocolVersion: 0x84,
  clientIdentifierNotValid: 0x85,
  badUserNameOrPassword: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  banned: 0x8a,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdentifierInUse: 0x91,
  packetIdentifierNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  messageRateTooHigh: 0x96,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
  retainNotSupported: 0x9a,
  qosNotSupported: 0x9b,
  useAnotherServer: 0x9c,
  serverMoved: 0x9d,
  sharedSubscriptionsNotSupported: 0x9e,
  connectionRateExceeded: 0x9f,
  maximumConnectTime: 0xa0,
  subscriptionIdentifiersNotSupported: 0xa1,
  wildcardSubscriptionsNotSupported: 0xa2,
} as const;

/** Return codes of CONNACK in MQTT 3.1.1, table 3.1. */
export const ConnectReturnCode = {
  accepted: 0,
  unacceptableProtocolVersion: 1,
  identifierRejected: 2,
  serverUnavailable: 3,
  badUserNameOrPassword: 4,
  notAuthorized: 5,
} as const;

/** Answers a PUBLISH may get: MQTT 5.0, tables 3-4 and 3-5, which are alike. */
const PUBLISH_ANSWERS = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
/** MQTT 5.0, tables 3-6 and 3-7. */
const RELEASE_ANSWERS = [0x00, 0x92];
/** What either side may say in DISCONNECT: MQTT 5.0, table 3-10. */
const DISCONNECT_BOTH = [0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99];

/** Which codes each packet may carry, indexed by the code. Where the two directions differ there are two rows. */
export const ALLOWED_CODES = {
  connack: allow(
    ...[0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a],
    ...[0x8c, 0x90, 0x95, 0x97, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f],
  ),
  /** MQTT 3.1.1 §3.2.2.3. */
  connackReturn: allow(0, 1, 2, 3, 4, 5),
  puback: allow(...PUBLISH_ANSWERS),
  pubrec: allow(...PUBLISH_ANSWERS),
  pubrel: allow(...RELEASE_ANSWERS),
  pubcomp: allow(...RELEASE_ANSWERS),
  suback: allow(0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2),
  /** MQTT 3.1.1 §3.9.3. */
  subackReturn: allow(0x00, 0x01, 0x02, 0x80),
  unsuback: allow(0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91),
  disconnectByClient: allow(0x00, 0x04, ...DISCONNECT_BOTH),
  disconnectByServer: allow(
    ...DISCONNECT_BOTH,
    ...[0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2],
  ),
  authByClient: allow(0x18, 0x19),
  authByServer: allow(0x00, 0x18),
} as const satisfies Record<string, readonly boolean[]>;

function allow(...codes: readonly number[]): readonly boolean[] {
  return Array.from({ length: 256 }, (_, code) => codes.includes(code));
}
