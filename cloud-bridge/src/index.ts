export {
  type Bridge,
  type BridgeCredentials,
  type BridgeHouse,
  type BridgeParts,
  openBridge,
  type ParkedDesk,
} from "./bridge.ts";
export { BRIDGE_FORMS, BridgeConfig } from "./bridge-config.ts";
export { bridgeProblems } from "./bridge-config-check.ts";
export { BridgeError, type BridgeErrorCode } from "./bridge-error.ts";
export type { BridgeLog } from "./bridge-log.ts";
export type { CheckParts } from "./check/check-cloud.ts";
export { CHECK_STEPS, type CheckCode, type CheckResult, firstFailure } from "./check/check-step.ts";
export { endingOf, renewalTime } from "./check/renewal-time.ts";
export { forgetBridge } from "./forget-bridge.ts";
export { NameFilter } from "./mapping/name-filter.ts";
export { commandResult, type PropertyFacts } from "./mapping.ts";
export type { Provisioned, ProvisionOptions } from "./providers/aws-iot/provisioning.ts";
export { DEFAULT_COMMAND_TTL_S } from "./providers/index.ts";
export { connectFault, goodbye } from "./providers/mqtt-reason.ts";
export type { TlsIdentity } from "./providers/tls-identity.ts";
export type { ParkedMessage } from "./queue/parked.ts";
export { checkCloud, claimAdvice, provisionAwsIot, renewAwsIot } from "./set-up.ts";
