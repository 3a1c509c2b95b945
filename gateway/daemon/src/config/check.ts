import { basename } from "node:path";
import { BRIDGE_FORMS, type BridgeConfig, bridgeProblems, type TlsIdentity } from "@tram/cloud-bridge";
import { parseThingId, type SchemaProblem, show, type TopicMapping } from "@tram/protocol";
import { schemaErrors } from "@tram/protocol/validator";
import type { TSchema } from "typebox";
import { Settings as ValidatorSettings } from "typebox/system";
import { ANONYMOUS, PAIR } from "../mqtt/identity/pair-topics.ts";
import { parseFilter } from "../mqtt/identity/topic-filter.ts";
import { NODE_RED_ID } from "../node-red/path.ts";
import { checkMapping } from "../topic-mapping/check-mapping.ts";
import { filterProblems, listenerProblems } from "./listener-check.ts";
import { absolutePaths } from "./paths.ts";
import { readSmallFile } from "./read-file.ts";
import { readIdentity } from "./read-identity.ts";
import { Config, type ConfigDocument } from "./schema.ts";
import type { MqttAccount } from "./schema-mqtt.ts";
import type { WebhookConfig } from "./schema-rules.ts";
import { settingProblems } from "./secrets.ts";
import { readWebhook, type WebhookSettings } from "./webhook-headers.ts";

/** More is not told: it is another kind of file then. */
const MOST_ERRORS = 500;

/** A password file holds a line. In bytes. */
const SECRET_LIMIT_BYTES = 65_536;

/** By what `provider` says. */
const CLOUD_FORMS: ReadonlyMap<unknown, TSchema> = new Map(Object.entries(BRIDGE_FORMS));
const PROVIDERS = Object.keys(BRIDGE_FORMS);

/** An MQTT account with its password read. */
export interface Account {
  readonly username: string;
  readonly password: string;
  readonly role: MqttAccount["role"];
  readonly topics?: readonly string[];
}

export interface CloudSettings {
  readonly config: BridgeConfig;
  readonly password?: string;
  /** What its certificate files hold. */
  readonly identity?: TlsIdentity;
}

/** A configuration that is sound, with its paths absolute and its passwords read. */
export interface SoundConfig {
  readonly document: ConfigDocument;
  readonly accounts: readonly Account[];
  readonly cloud: readonly CloudSettings[];
  readonly mappings: readonly TopicMapping[];
  /** With the headers of their files. */
  readonly webhooks: readonly WebhookSettings[];
  /** Of the account at the external broker. */
  readonly externalPassword: string | undefined;
}

type Loose = Readonly<Record<string, unknown>>;

/**
 * Checks a configuration: the schema, and what a schema cannot say.
 * @param document as it was parsed; anything.
 * @param folder absolute; where relative paths start.
 * @returns the sound configuration, or everything that is wrong with it, without showing a secret.
 */
export function checkConfig(document: unknown, folder: string): SoundConfig | readonly SchemaProblem[] {
  const absolute = absolutePaths(document, folder);
  const found = new Map<string, string>();
  const report = (problems: Iterable<SchemaProblem>): void => {
    // What the schema says of a place is enough said about it.
    for (const { path, problem } of problems) if (!found.has(path)) found.set(path, problem);
  };
  report(problemsOf(Config, document));
  report(crossChecks(isObject(document) ? document : {}));
  const accounts = objectsIn(absolute, ["mqtt", "clients"]).map(([client, path]): Account => {
    const { password, problems } = readSecret(client, path);
    report(problems);
    if (password === undefined && problems.length === 0) {
      report([{ path, problem: "expected password or password_file, found neither" }]);
    }
    const { username, role, topics } = client as Pick<Account, "username" | "role" | "topics">;
    return { username, password: password ?? "", role, ...(topics === undefined ? {} : { topics }) };
  });
  const cloud = objectsIn(absolute, ["cloud"]).map(([entry, path]): CloudSettings => {
    const config = entry as BridgeConfig;
    const unfit = cloudProblems(entry, path);
    report(unfit);
    if (unfit.length === 0) {
      report(bridgeProblems(config).map((each) => ({ path: join(path, each.path), problem: each.problem })));
    }
    const { password, problems } = readSecret(entry, path);
    report(problems);
    const { identity, problems: unread } = readIdentity(entry, path);
    report(unread);
    return {
      config,
      ...(password === undefined ? {} : { password }),
      ...(identity === undefined ? {} : { identity }),
    };
  });
  const mappings = objectsIn(absolute, ["mqtt", "mappings"]).map(([entry, path]): TopicMapping => {
    const check = checkMapping(entry);
    if (!check.ok)
      report(check.problems.map((each) => ({ path: join(path, each.path), problem: each.problem })));
    return entry as TopicMapping;
  });
  const webhooks = objectsIn(absolute, ["rules", "webhooks"]).map(([entry, path]): WebhookSettings => {
    const { problems, webhook } = readWebhook(entry as WebhookConfig, path);
    report(problems);
    return webhook;
  });
  const mqtt = isObject(absolute) && isObject(absolute.mqtt) ? absolute.mqtt : {};
  const external = isObject(mqtt.external) ? readSecret(mqtt.external, "mqtt.external") : undefined;
  report(external?.problems ?? []);
  if (mqtt.engine === "external" && mqtt.external === undefined) {
    report([{ path: "mqtt.external", problem: "is missing: the engine is external" }]);
  }
  if (found.size > 0) return [...found].map(([path, problem]) => ({ path, problem }));
  const externalPassword = external?.password;
  return { document: absolute as ConfigDocument, accounts, cloud, mappings, webhooks, externalPassword };
}

/** Of an entry that names no cloud, or none that is known, nobody knows what else it should say. */
function cloudProblems(entry: Loose, path: string): readonly SchemaProblem[] {
  const { provider } = entry;
  const [first = ""] = PROVIDERS;
  const form = CLOUD_FORMS.get(provider === undefined ? first : provider);
  if (form !== undefined) return problemsOf(form, entry, path);
  const problem = `expected one of ${PROVIDERS.join(", ")}, found ${show(provider)}`;
  return [{ path: join(path, "provider"), problem }];
}

/** The schema is not compiled: it is large, and asked at the start and then hardly ever. */
function problemsOf(schema: TSchema, value: unknown, path = ""): readonly SchemaProblem[] {
  // The validator's own limit is small and meant for requests. It is one for the whole process, hence the way back.
  const { maxErrors } = ValidatorSettings.Get();
  ValidatorSettings.Set({ maxErrors: MOST_ERRORS });
  try {
    return settingProblems(schemaErrors(schema, value) ?? [], value).map(({ path: inner, problem }) => ({
      path: join(path, inner),
      problem,
    }));
  } finally {
    ValidatorSettings.Set({ maxErrors });
  }
}

function join(path: string, inner: string): string {
  if (path === "" || inner === "") return path + inner;
  return inner.startsWith("[") ? `${path}${inner}` : `${path}.${inner}`;
}

/** What a schema cannot say. */
function* crossChecks(document: Loose): Generator<SchemaProblem> {
  const { id, timezone } = isObject(document.gateway) ? document.gateway : {};
  if (typeof id === "string" && parseThingId(id) === undefined) {
    yield { path: "gateway.id", problem: `expected an id that is not reserved, found ${show(id)}` };
  }
  if (typeof timezone === "string" && !isTimezone(timezone)) {
    yield { path: "gateway.timezone", problem: `expected an IANA time zone, found ${show(timezone)}` };
  }
  for (const [{ id: module }, path] of objectsIn(document, ["modules"])) {
    if (module !== NODE_RED_ID) continue;
    yield { path: `${path}.id`, problem: `expected an id that is not reserved, found ${show(module)}` };
  }
  for (const [{ username, topics }, path] of objectsIn(document, ["mqtt", "clients"])) {
    if (username === PAIR || username === ANONYMOUS) {
      yield {
        path: `${path}.username`,
        problem: `expected a name that is not reserved, found ${show(username)}`,
      };
    }
    for (const [index, topic] of (Array.isArray(topics) ? topics : []).entries()) {
      if (typeof topic !== "string" || parseFilter(topic) !== undefined) continue;
      yield { path: `${path}.topics[${index}]`, problem: `expected a topic prefix, found ${show(topic)}` };
    }
  }
  yield* duplicates(objectsIn(document, ["modules"]), "id");
  yield* duplicates(objectsIn(document, ["mqtt", "clients"]), "username");
  yield* duplicates(objectsIn(document, ["cloud"]), "id");
  yield* duplicates(objectsIn(document, ["mqtt", "mappings"]), "id");
  yield* duplicates(objectsIn(document, ["rules", "webhooks"]), "id");
  yield* duplicates(objectsIn(document, ["history", "policies"]), "id");
  yield* listenerProblems(objectsIn(document, ["mqtt", "listeners"]));
  yield* filterProblems(isObject(document.mqtt) ? document.mqtt.durable : undefined);
}

function* duplicates(items: readonly (readonly [Loose, string])[], key: string): Generator<SchemaProblem> {
  const seen = new Map<unknown, string>();
  for (const [item, path] of items) {
    const name = item[key];
    if (name === undefined) continue;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, path);
    else yield { path: `${path}.${key}`, problem: `expected a unique name, found that of ${first}` };
  }
}

/** The objects of the list at a place, each with its path. */
function objectsIn(document: unknown, at: readonly string[]): readonly (readonly [Loose, string])[] {
  const list = at.reduce<unknown>((value, key) => (isObject(value) ? value[key] : undefined), document);
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown, index) =>
    isObject(item) ? [[item, `${at.join(".")}[${index}]`] as const] : [],
  );
}

function isObject(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false; // RangeError is the only way that Intl tells.
  }
}

/** The password of an account or a bridge. Its file, if it has one, is absolute already. */
function readSecret(entry: Loose, path: string): { password?: string; problems: readonly SchemaProblem[] } {
  const { password, password_file: file } = entry;
  if (password !== undefined && file !== undefined) {
    return { problems: [{ path, problem: "expected password or password_file, found both" }] };
  }
  if (typeof file !== "string")
    return typeof password === "string" ? { password, problems: [] } : { problems: [] };
  const wrong = (problem: string) => ({ problems: [{ path: `${path}.password_file`, problem }] });
  const bytes = readSmallFile(file, SECRET_LIMIT_BYTES);
  if ("found" in bytes) return wrong(`expected a readable file, found ${bytes.found}: ${file}`);
  const [first] = bytes.toString("utf8").split(/\r?\n/);
  if (first !== undefined && first !== "") return { password: first, problems: [] };
  return wrong(`expected a password in ${basename(file)}, found none`);
}
