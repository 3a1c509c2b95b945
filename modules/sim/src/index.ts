export { SimConfig } from "./config.ts";
export { simModule, simModule as default } from "./sim-module.ts";
