import type { ModuleDefinition } from "@tram/module-sdk";
import { Type } from "typebox";
import { expect, test } from "vitest";
import { checkModuleConfig } from "./load-module.ts";

const definition = {
  configSchema: Type.Object(
    { app_key: Type.Optional(Type.String({ maxLength: 4 })), port: Type.Optional(Type.Integer()) },
    { additionalProperties: false },
  ),
} as unknown as ModuleDefinition<unknown>;

test("a module's settings: the first problem, with its path, and no secret in it", () => {
  const problemOf = (config: unknown) => () => checkModuleConfig(definition, config);
  expect(problemOf({ port: 1 })).not.toThrow();
  expect(problemOf({ port: "x" })).toThrow('config.port: expected an integer, found "x"');
  expect(problemOf({ app_key: "geheim" })).toThrow(
    /^config\.app_key: expected at most 4 characters, found something else$/,
  );
  expect(problemOf({ app_keygeheim: 1, token: 2 })).toThrow(/^config\.(?!.*geheim).*: unknown key$/);
  expect(problemOf([{ app_key: "geheim" }])).toThrow(/^config: expected an object, found a list of 1$/);
});
