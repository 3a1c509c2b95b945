import { type ModuleDefinition, SDK_VERSION } from "@tram/module-sdk";
import { isId, isJsonObject, schemaProblems } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import { messageOf, type Rule, violation } from "../rule.ts";
import { Trial } from "../trial.ts";

/** Semantic Versioning 2.0.0, clauses 2, 9 and 10. */
const SEMVER =
  /^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z.-]+)?$/;
const ISOLATIONS: readonly string[] = ["in-process", "child-process"];

export const definitionRule: Rule = {
  id: "definition",
  title: "names itself, its version, the SDK it was written for and where it runs",
  async check({ definition }) {
    const { name, version, sdk, isolation, capabilities } = definition;
    if (!isId(name)) violation(`name: expected a-z, 0-9 and - (not at the edges), found ${inspect(name)}`);
    if (!SEMVER.test(version)) violation(`version: expected a semantic version, found ${inspect(version)}`);
    if (sdk !== SDK_VERSION) violation(`sdk: expected ${SDK_VERSION}, found ${inspect(sdk)}`);
    if (!ISOLATIONS.includes(isolation)) {
      violation(`isolation: expected ${ISOLATIONS.join(" or ")}, found ${inspect(isolation)}`);
    }
    for (const key of ["pair", "firmware"] as const) {
      const value: unknown = isJsonObject(capabilities)
        ? capabilities[key]
        : violation("capabilities: is missing");
      if (value !== undefined && typeof value !== "boolean") {
        violation(`capabilities.${key}: expected true or false, found ${inspect(value)}`);
      }
    }
    const functions: Partial<Pick<ModuleDefinition, "open" | "probe" | "migrate">> = definition;
    if (typeof functions.open !== "function") violation("open: is missing");
    for (const key of ["probe", "migrate"] as const) {
      if (functions[key] !== undefined && typeof functions[key] !== "function") {
        violation(`${key}: expected a function, found ${inspect(functions[key])}`);
      }
    }
  },
};

export const configSchemaRule: Rule = {
  id: "config-schema",
  title: "accepts a valid configuration, and refuses invalid ones and unknown keys",
  async check({ definition, options }) {
    const schema = compiled(definition.configSchema);
    if (!isJsonObject(options.config)) violation("options.config: a module's configuration is an object");
    if (!schema.Check(options.config)) {
      const problems = schemaProblems(schema.Errors(options.config), options.config);
      const text = problems.map(({ path, problem }) => `${path}: ${problem}`).join("; ");
      violation(`the configuration that should be valid is refused: ${text}`);
    }
    if (options.invalidConfigs.length === 0) violation("options.invalidConfigs: give at least one");
    for (const config of options.invalidConfigs) {
      if (schema.Check(config)) violation(`an invalid configuration is accepted: ${inspect(config)}`);
    }
    const open = openObjects(definition.configSchema, "configSchema");
    if (open.length > 0 || schema.Check({ ...options.config, "no-such-key": true })) {
      const where = open.length === 0 ? "configSchema" : open.join(", ");
      violation(`unknown keys are accepted, so a typing mistake stays unseen; close ${where}`);
    }
  },
};

export const sessionShapeRule: Rule = {
  id: "session-shape",
  title: "opens a session that stays open and can do what the capabilities promise",
  async check(subject) {
    await using trial = await Trial.open(subject);
    const { session } = trial;
    if (!(session.closed instanceof Promise)) violation("session.closed: expected a promise");
    if (typeof session[Symbol.asyncDispose] !== "function") violation("session: has no asyncDispose");
    const { capabilities } = subject.definition;
    if ((capabilities.pair === true) !== (session.pair !== undefined)) {
      violation(`capabilities.pair is ${capabilities.pair === true}, and session.pair says otherwise`);
    }
    if ((capabilities.firmware === true) !== (session.updateFirmware !== undefined)) {
      violation(
        `capabilities.firmware is ${capabilities.firmware === true}, and session.updateFirmware says otherwise`,
      );
    }
    await trial.pass(trial.settleMs);
    if (trial.closed.settled) {
      const why = trial.closed.is === "rejected" ? `: ${messageOf(trial.closed.reason)}` : "";
      violation(`the session closed by itself within ${trial.settleMs / 1_000} s${why}`);
    }
  },
};

function compiled(schema: ModuleDefinition["configSchema"]): ReturnType<typeof Compile> {
  try {
    return Compile(schema);
  } catch (error) {
    return violation(`configSchema: is not a JSON Schema: ${messageOf(error)}`, error);
  }
}

/** Paths of the object schemas, at any depth, that take keys they do not name. */
function openObjects(schema: unknown, path: string): readonly string[] {
  if (Array.isArray(schema)) return schema.flatMap((item, index) => openObjects(item, `${path}[${index}]`));
  if (!isJsonObject(schema)) return [];
  const open =
    schema.type === "object" && isJsonObject(schema.properties) && schema.additionalProperties !== false;
  return [
    ...(open ? [path] : []),
    // What stands under these is data, not schema.
    ...Object.entries(schema)
      .filter(([key]) => !["default", "const", "enum", "examples"].includes(key))
      .flatMap(([key, value]) => openObjects(value, `${path}.${key}`)),
  ];
}

function inspect(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}
