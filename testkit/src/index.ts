export * from "./memory-store.ts";
export * from "./virtual-clock.ts";
