export * from "./broker-contract/index.ts";
export * from "./fake-cloud.ts";
export * from "./memory-store.ts";
export * from "./provider-contract.ts";
export * from "./recording-host.ts";
export * from "./router-box.ts";
export * from "./store-contract.ts";
export * from "./virtual-clock.ts";
