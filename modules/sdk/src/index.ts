export * from "./host.ts";
export * from "./module.ts";
export * from "./session.ts";
