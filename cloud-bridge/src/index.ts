export { type Bridge, type BridgeHouse, type BridgeParts, openBridge } from "./bridge.ts";
export { BridgeConfig } from "./bridge-config.ts";
export { BridgeError, type BridgeErrorCode } from "./bridge-error.ts";
export type { BridgeLog } from "./bridge-log.ts";
export { connectFault, goodbye } from "./providers/mqtt-reason.ts";
