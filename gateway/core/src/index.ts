export * from "./ports/bridge.ts";
export * from "./ports/broker.ts";
export * from "./ports/clock.ts";
export * from "./ports/store.ts";
export * from "./unit.ts";
