import { isAbsolute } from "node:path";
import { pathToFileURL } from "node:url";
import { type ModuleDefinition, SDK_VERSION } from "@tram/module-sdk";
import { schemaErrors } from "@tram/protocol/validator";
import { settingProblems } from "../config/secrets.ts";
import { BUILT_IN } from "./built-in.ts";

/**
 * Loads the code of a module and checks that it is one.
 * @throws {Error} with one line for people.
 */
export async function loadModule(use: string): Promise<ModuleDefinition<unknown>> {
  const builtIn = Object.hasOwn(BUILT_IN, use) ? BUILT_IN[use] : undefined;
  if (builtIn !== undefined) return (await builtIn()) as ModuleDefinition<unknown>;
  if (!isAbsolute(use)) {
    throw new Error(
      `use: expected ${Object.keys(BUILT_IN).join(", ")} or a file, found ${JSON.stringify(use)}`,
    );
  }
  const loaded = (await import(pathToFileURL(use).href)) as { default?: unknown };
  const definition = loaded.default as Partial<ModuleDefinition<unknown>> | undefined;
  if (typeof definition !== "object" || definition === null || typeof definition.open !== "function") {
    throw new Error(`use: ${use}: expected a default export made by defineModule`);
  }
  if (definition.sdk !== SDK_VERSION) {
    throw new Error(`use: ${use}: expected SDK version ${SDK_VERSION}, found ${String(definition.sdk)}`);
  }
  return definition as ModuleDefinition<unknown>;
}

/** Checks a module's own settings; throws one line with the path of the first problem, and no secret in it. */
export function checkModuleConfig(definition: ModuleDefinition<unknown>, config: unknown): void {
  const errors = schemaErrors(definition.configSchema, config);
  if (errors === undefined) return;
  const [first] = settingProblems(errors, config);
  const path = first === undefined || first.path === "" ? "config" : `config.${first.path}`;
  throw new Error(`${path}: ${first?.problem ?? "is not valid"}`);
}
