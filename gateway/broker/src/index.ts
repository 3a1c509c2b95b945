export { encodedLength, encodePacket } from "./codec/encode-packet.ts";
export { fitPacket, type Receiver } from "./codec/fit-packet.ts";
export { Outgoing } from "./codec/outgoing.ts";
export * from "./codec/packet.ts";
export { PacketDecoder, type PacketDecoderOptions } from "./codec/packet-decoder.ts";
export { PacketError, type PacketErrorCode } from "./codec/packet-error.ts";
export type { Sender } from "./codec/packet-reader.ts";
export * from "./codec/properties.ts";
export { ConnectReturnCode, ReasonCode } from "./codec/reason-code.ts";
export { isSharedFilter } from "./codec/topic-filter.ts";
export { writeAcknowledgement, writePingResponse } from "./codec/write-acknowledgement.ts";
export {
  encodePublish,
  type Publication,
  type PublishFrame,
  writePublish,
  writePublishFrame,
} from "./codec/write-publish.ts";
export type { ConnectionOrigin } from "./connection/connection.ts";
export { TRAM_CAPABILITIES } from "./engine/capabilities.ts";
export { type BrokerLimits, DEFAULT_LIMITS } from "./engine/limits.ts";
export { Remarks } from "./engine/remarks.ts";
export type { Redirect } from "./engine/room.ts";
export {
  openTramBroker,
  type TramBroker,
  type TramBrokerOptions,
  type TramBrokerParts,
} from "./engine/tram-broker.ts";
export * from "./session/delivery.ts";
export { InboundFlow } from "./session/inbound-flow.ts";
export { type Copy, type Granted, oneCopy } from "./session/one-copy.ts";
export * from "./session/outbound-flow.ts";
export * from "./topics/index.ts";
