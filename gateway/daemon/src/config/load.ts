import { readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import { BridgeConfig } from "@tram/cloud-bridge";
import { parseThingId, type SchemaProblem, schemaProblems, show } from "@tram/protocol";
import { Compile } from "typebox/compile";
import { LineCounter, parseDocument } from "yaml";
import { ConfigError } from "./config-error.ts";
import type { Overrides } from "./overrides.ts";
import { Config, type ConfigDocument } from "./schema.ts";
import { type Account, type CloudSettings, completeSettings, type Settings } from "./settings.ts";

/** A configuration larger than this is a mistake. In bytes. */
const LIMIT_BYTES = 1_048_576;

const configValidator = Compile(Config);
const cloudValidator = Compile(BridgeConfig);

/**
 * Reads, validates and completes a configuration file.
 * @throws {ConfigError} with one line: file, path, what was expected, what was found.
 */
export function loadConfig(file: string, overrides: Overrides): { settings: Settings; text: string } {
  const text = readConfigText(file);
  return { settings: parseConfig(text, { name: file, folder: dirname(resolve(file)) }, overrides), text };
}

function readConfigText(file: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const found =
      code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a folder" : `error ${String(code)}`;
    throw new ConfigError("config", `${file}: expected a readable YAML file, found ${found}`, { cause });
  }
  if (bytes.length > LIMIT_BYTES) {
    throw new ConfigError("config", `${file}: expected at most ${LIMIT_BYTES} bytes, found ${bytes.length}`);
  }
  return bytes.toString("utf8");
}

/** Validates a configuration that is already read. `name` stands in error lines, `folder` resolves its paths. */
export function parseConfig(
  text: string,
  file: { name: string; folder: string },
  overrides: Overrides,
): Settings {
  const document = parseYaml(text, file.name);
  if (!configValidator.Check(document)) {
    throw fault(file.name, schemaProblems(configValidator.Errors(document), document));
  }
  const problems = [...crossChecks(document)];
  const accounts = (document.mqtt?.clients ?? []).map((client, index): Account => {
    const path = `mqtt.clients[${index}]`;
    const password = readSecret(client, path, file.folder, problems);
    if (password === undefined)
      problems.push({ path, problem: "expected password or password_file, found neither" });
    const { username, role, topics } = client;
    return { username, password: password ?? "", role, ...(topics === undefined ? {} : { topics }) };
  });
  const cloud = (document.cloud ?? []).map((entry, index): CloudSettings | undefined => {
    const path = `cloud[${index}]`;
    if (!cloudValidator.Check(entry)) {
      for (const problem of schemaProblems(cloudValidator.Errors(entry), entry)) {
        problems.push({
          path: problem.path === "" ? path : `${path}.${problem.path}`,
          problem: problem.problem,
        });
      }
      return undefined;
    }
    const password = readSecret(entry, path, file.folder, problems);
    return { config: entry, ...(password === undefined ? {} : { password }) };
  });
  if (problems.length > 0) throw fault(file.name, problems);
  const secrets = { accounts, cloud: cloud.filter((entry) => entry !== undefined) };
  return completeSettings(document, file.folder, secrets, overrides);
}

function parseYaml(text: string, name: string): unknown {
  const lines = new LineCounter();
  const yaml = parseDocument(text, {
    lineCounter: lines,
    schema: "core",
    prettyErrors: false,
    logLevel: "error",
  });
  const [error] = yaml.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new ConfigError(
      "config",
      `${name}:${line}:${col}: expected YAML, found: ${error.message.split("\n")[0]}`,
    );
  }
  try {
    // An empty file is a gateway with nothing but defaults.
    return yaml.toJS({ maxAliasCount: 50 }) ?? {};
  } catch (cause) {
    throw new ConfigError("config", `${name}: expected YAML, found: ${(cause as Error).message}`, { cause });
  }
}

/** What a schema cannot say. */
function* crossChecks(document: ConfigDocument): Generator<SchemaProblem> {
  const { gateway } = document;
  if (gateway?.id !== undefined && parseThingId(gateway.id) === undefined) {
    yield { path: "gateway.id", problem: `expected an id that is not reserved, found ${show(gateway.id)}` };
  }
  if (gateway?.timezone !== undefined && !isTimezone(gateway.timezone)) {
    yield {
      path: "gateway.timezone",
      problem: `expected an IANA time zone, found ${show(gateway.timezone)}`,
    };
  }
  yield* duplicates("modules", "id", document.modules ?? []);
  yield* duplicates("mqtt.clients", "username", document.mqtt?.clients ?? []);
  yield* duplicates("cloud", "id", document.cloud ?? []);
}

function* duplicates(
  path: string,
  key: string,
  items: readonly Readonly<Record<string, unknown>>[],
): Generator<SchemaProblem> {
  const seen = new Map<unknown, number>();
  for (const [index, item] of items.entries()) {
    const first = seen.get(item[key]);
    if (first === undefined) seen.set(item[key], index);
    else
      yield {
        path: `${path}[${index}].${key}`,
        problem: `expected a unique name, found that of ${path}[${first}]`,
      };
  }
}

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false; // RangeError is the only way that Intl tells.
  }
}

function readSecret(
  entry: { readonly password?: string; readonly password_file?: string },
  path: string,
  folder: string,
  problems: SchemaProblem[],
): string | undefined {
  if (entry.password !== undefined && entry.password_file !== undefined) {
    problems.push({ path, problem: "expected password or password_file, found both" });
  }
  if (entry.password_file === undefined) return entry.password;
  const file = isAbsolute(entry.password_file) ? entry.password_file : resolve(folder, entry.password_file);
  try {
    const [first] = readFileSync(file, "utf8").split(/\r?\n/);
    if (first !== undefined && first !== "") return first;
    problems.push({
      path: `${path}.password_file`,
      problem: `expected a password in ${basename(file)}, found none`,
    });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unreadable";
    problems.push({
      path: `${path}.password_file`,
      problem: `expected a readable file, found ${code}: ${file}`,
    });
  }
  return undefined;
}

function fault(name: string, problems: readonly SchemaProblem[]): ConfigError {
  const [first] = problems;
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
  const where = first?.path === undefined || first.path === "" ? name : `${name}: ${first.path}`;
  return new ConfigError("config", `${where}: ${first?.problem ?? "is not a configuration"}${more}`);
}
