export * from "./components.ts";
export * from "./discovery-out.ts";
export * from "./entity.ts";
