export * from "./catalogue.ts";
export * from "./matter.ts";
export * from "./thing-model.ts";
export * from "./thing-of-model.ts";
