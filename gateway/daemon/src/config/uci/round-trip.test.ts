import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BridgeConfig } from "@tram/cloud-bridge";
import fc from "fast-check";
import type { TSchema } from "typebox";
import { afterAll, describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { makeAuthority } from "../../tls/certificates.ts";
import { checkConfig } from "../check.ts";
import { listenerId } from "../listener-check.ts";
import { absolutePaths } from "../paths.ts";
import { Config, type ConfigDocument } from "../schema.ts";
import { expressInUci } from "./express.ts";
import { SECTION_KINDS } from "./kinds.ts";
import { overlay } from "./overlay.ts";
import { parseUci } from "./parse-uci.ts";
import { renderConfig } from "./render.ts";
import { writeUci } from "./write-uci.ts";

const folder = mkdtempSync(join(tmpdir(), "tram-uci-"));
const passwordFile = join(folder, "password");
writeFileSync(passwordFile, "from the file\n");
/** A certificate with its key: a cloud that knows its gateways by them has to have some. */
const identity = { cert_file: join(folder, "cert.pem"), key_file: join(folder, "key.pem") };
const dates = { notBefore: new Date(Date.UTC(2026, 0, 1)), notAfter: new Date(Date.UTC(2036, 0, 1)) };
const { certificate, key } = await makeAuthority("a gateway", dates);
writeFileSync(identity.cert_file, certificate);
writeFileSync(identity.key_file, key);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Text that a file can hold. */
const text = (options: { minLength?: number; maxLength?: number }) =>
  fc
    .string({ unit: "binary", ...options, maxLength: Math.min(options.maxLength ?? 20, 20) })
    .filter((value) => !value.includes("\0"));

const json = fc
  .jsonValue({ maxDepth: 4 })
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown)
  .filter((value) => !JSON.stringify(value).includes("__proto__"));

/** Whatever a schema allows, but for what only the whole configuration can forbid. */
function allowedBy(schema: TSchema): fc.Arbitrary<unknown> {
  const shape = schema as {
    type?: string;
    enum?: unknown[];
    pattern?: string;
    minLength?: number;
    maxLength?: number;
    minimum?: number;
    maximum?: number;
    maxItems?: number;
    items?: TSchema;
    properties?: Record<string, TSchema>;
    required?: string[];
    anyOf?: TSchema[];
  };
  if (shape.anyOf !== undefined) return fc.oneof(...shape.anyOf.map(allowedBy));
  if (shape.enum !== undefined) return fc.constantFrom(...shape.enum);
  switch (shape.type) {
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.integer({ min: shape.minimum ?? -1e9, max: shape.maximum ?? 1e9 });
    case "number":
      return fc
        .double({ min: shape.minimum ?? -1e30, max: shape.maximum ?? 1e30, noNaN: true })
        .map((value) => (Object.is(value, -0) ? 0 : value));
    case "string": {
      const { pattern, minLength = 0, maxLength = 1_000 } = shape;
      if (pattern === undefined) return text({ minLength, maxLength });
      return fc
        .stringMatching(new RegExp(pattern))
        .filter((value) => value.length <= maxLength && value.isWellFormed() && !value.includes("\0"));
    }
    case "array":
      return fc.array(allowedBy(shape.items as TSchema), { maxLength: Math.min(shape.maxItems ?? 4, 4) });
    case "object": {
      if (shape.properties === undefined)
        return fc.dictionary(
          fc.string().filter((key) => key !== "__proto__"),
          json,
        );
      const properties = Object.entries(shape.properties).map(([key, property]) => [
        key,
        allowedBy(property),
      ]);
      return fc.record(Object.fromEntries(properties), {
        // The keys are known to the schema alone, not to the type.
        requiredKeys: (shape.required ?? []) as never[],
        noNullPrototype: true,
      });
    }
    default:
      throw new Error(`the test cannot make up values of ${JSON.stringify(schema)}`);
  }
}

type Named = Record<string, unknown>;

/** One password or the other; never both. */
function withOneSecret(entry: Named, needed: boolean): Named {
  const { password, password_file: file, ...rest } = entry;
  if (typeof password === "string" && password.split(/\r?\n/)[0] !== "") return { ...rest, password };
  return file === undefined && !needed ? rest : { ...rest, password_file: passwordFile };
}

/** One place to listen at, and certificates only where there are some. */
function withOnePlace({ host, interface: name, client_certificates: asked, ...rest }: Named): Named {
  const place = name === undefined ? { host } : { interface: name };
  const secure = rest.protocol === "mqtts" || rest.protocol === "wss" ? { client_certificates: asked } : {};
  const entries = Object.entries({ ...rest, ...place, ...secure });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** The external broker with one secret; and not asked for where it is not described. */
function withSoundExternal({ engine, external, ...mqtt }: Named): Named {
  const described = external === undefined ? {} : { external: withOneSecret(external as Named, false) };
  const named = engine === undefined || (engine === "external" && external === undefined) ? {} : { engine };
  return { ...mqtt, ...described, ...named };
}

/** Templates with known variables, and TLS only where there is some: random files are none. */
function withSoundCloud(entry: Named): Named {
  const { alpn, ca_file, cert_file, key_file, payload, state, topic, topic_prefix: prefix, ...rest } = entry;
  const offered = alpn !== undefined && String(rest.url).startsWith("mqtts:") ? { alpn } : {};
  if (rest.format === "homie") {
    const { thin: _noRoom, ...said } = rest;
    return { ...said, ...offered };
  }
  if (rest.provider === "aws-iot") {
    return { ...rest, ...identity, ...(prefix === undefined ? {} : { topic_prefix: prefix }) };
  }
  const said = Object.entries({ state, topic_prefix: prefix }).filter(([, value]) => value !== undefined);
  return {
    ...rest,
    ...offered,
    ...Object.fromEntries(said),
    ...(topic === undefined ? {} : { topic: "plant/{gateway}/{thing}/{name}" }),
    ...(payload === undefined
      ? {}
      : { payload: typeof payload === "string" ? "{value}" : { v: "{value}", n: [1] } }),
  };
}

const uniqueBy = (key: string) => ({ selector: (entry: Named) => entry[key], maxLength: 4 });

/** What devices of the house say, in topics of their own. */
const mappings = fc.record(
  {
    id: fc.stringMatching(/^[a-z][a-z0-9]{0,8}(?:-[a-z0-9]{1,8})?$/).filter((id) => id !== "pair"),
    title: text({ minLength: 1 }),
    availability: fc.constant({ topic: "farm/online", online: "1", offline: "0" }),
    properties: fc.constantFrom(
      { "air/temperature": { read: { topic: "farm/{id}/temp", path: 'a["b c"]' } } },
      { "pump/on": { words: { BẬT: true, TẮT: false }, write: { topic: "farm/pump", qos: 0 } } },
    ),
  },
  { requiredKeys: ["id", "properties"], noNullPrototype: true },
);

/** Configurations that the check takes. What UCI cannot say apart from its absence (an empty list of accounts) is absent. */
const documents: fc.Arbitrary<ConfigDocument> = fc
  .record({
    top: allowedBy(Config) as fc.Arbitrary<Record<string, Named>>,
    clients: fc.uniqueArray(
      (allowedBy(Config.properties.mqtt.properties.clients.items) as fc.Arbitrary<Named>).map((entry) =>
        withOneSecret(entry, true),
      ),
      uniqueBy("username"),
    ),
    listeners: fc.uniqueArray(
      (allowedBy(Config.properties.mqtt.properties.listeners.items) as fc.Arbitrary<Named>).map(withOnePlace),
      { selector: (entry) => listenerId(entry as Parameters<typeof listenerId>[0]), maxLength: 4 },
    ),
    durable: fc.array(fc.constantFrom("alarms/#", "+/door", "#"), { maxLength: 3 }),
    modules: fc.uniqueArray(
      allowedBy(Config.properties.modules.items) as fc.Arbitrary<Named>,
      uniqueBy("id"),
    ),
    policies: fc.uniqueArray(
      allowedBy(Config.properties.history.properties.policies.items) as fc.Arbitrary<Named>,
      uniqueBy("id"),
    ),
    cloud: fc.uniqueArray(
      (allowedBy(BridgeConfig) as fc.Arbitrary<Named>).map((entry) =>
        withSoundCloud(withOneSecret(entry, entry.provider === "bluemix")),
      ),
      uniqueBy("id"),
    ),
    mappings: fc.uniqueArray(mappings, { selector: ({ id }) => id, maxLength: 3 }),
    webhooks: fc.uniqueArray(
      fc.record({
        id: fc.stringMatching(/^[a-z][a-z0-9]{0,8}(?:-[a-z0-9]{1,8})?$/),
        url: fc.webUrl({ withQueryParameters: true }),
      }),
      { selector: ({ id }) => id, maxLength: 3 },
    ),
    timezone: fc.constantFrom("UTC", "Asia/Ho_Chi_Minh", "America/Argentina/Buenos_Aires"),
  })
  .map(({ top, clients, listeners, durable, modules, policies, cloud, mappings, webhooks, timezone }) => {
    const mqtt = { ...withSoundExternal(top.mqtt ?? {}), clients, listeners, durable, mappings };
    const history = { ...top.history, policies };
    const rules = { ...top.rules, webhooks };
    const document: Record<string, unknown> = { ...top, modules, cloud, mqtt, history, rules };
    if (top.gateway?.timezone !== undefined) document.gateway = { ...top.gateway, timezone };
    if (top.gateway?.id === "pair") document.gateway = { ...top.gateway, id: "pair-1" };
    return withoutEmpty(document) as ConfigDocument;
  });

function withoutEmpty(document: Record<string, unknown>): unknown {
  const { history, mqtt, rules, ...others } = document as { history: Named; mqtt: Named; rules: Named };
  const lists = new Set(["clients", "listeners", "durable", "mappings", "policies", "webhooks"]);
  const withoutLists = (part: Named): Named =>
    Object.fromEntries(
      Object.entries(part).filter(([key, value]) => !lists.has(key) || (value as unknown[]).length > 0),
    );
  const parts = {
    ...others,
    mqtt: withoutLists(mqtt),
    history: withoutLists(history),
    rules: withoutLists(rules),
  };
  return Object.fromEntries(
    Object.entries(parts).filter(
      ([, part]) => typeof part !== "object" || Object.keys(part as object).length > 0,
    ),
  );
}

const encode = (uci: string): Uint8Array => new TextEncoder().encode(uci);

function throughUci(document: ConfigDocument, base: unknown = {}): ReturnType<typeof overlay> {
  const expressed = expressInUci(document);
  expect(expressed.problems).toEqual([]);
  const { sections, problems } = parseUci(encode(writeUci(expressed.sections)));
  expect(problems).toEqual([]);
  return overlay(base, sections);
}

describe("every configuration can be said in UCI", { timeout: 60_000 }, () => {
  test("and is the same again, laid over nothing", () => {
    fc.assert(
      fc.property(documents, (document) => {
        expect("document" in checkConfig(document, folder)).toBe(true);
        const laid = throughUci(document);
        expect(laid.problems).toEqual([]);
        expect(laid.document).toEqual(document);
      }),
      { numRuns: 150 },
    );
  });

  test("and is the same again as the YAML that is rendered", () => {
    const uci = join(folder, "tram");
    const base = join(folder, "tram.yaml");
    fc.assert(
      fc.property(documents, (document) => {
        writeFileSync(uci, writeUci(expressInUci(document).sections));
        const { text: yaml } = renderConfig({ uci, base, system: join(folder, "none") });
        expect(parseYaml(yaml, { schema: "core" })).toEqual({
          data: "/srv/tram",
          ...(absolutePaths(document, folder) as object),
          rules: { dir: join(folder, "rules"), ...(absolutePaths(document, folder) as ConfigDocument).rules },
        });
      }),
      { numRuns: 50 },
    );
  });

  test("and wins key by key over another one, which stays where it is silent", () => {
    fc.assert(
      fc.property(documents, documents, (base, above) => {
        const before = structuredClone(base);
        const { document, problems } = throughUci(above, base);
        expect(problems).toEqual([]);
        expect(base).toEqual(before);
        const result = document as Record<string, Named>;
        for (const key of ["gateway", "http", "log"] as const) {
          expect(result[key]).toEqual(
            base[key] === undefined && above[key] === undefined ? undefined : { ...base[key], ...above[key] },
          );
        }
        expect(result.data).toEqual(above.data ?? base.data);
        for (const [list, name] of [
          ["modules", "id"],
          ["cloud", "id"],
        ] as const) {
          const names = new Set((above[list] ?? []).map((entry) => (entry as Named)[name]));
          const kept = (base[list] ?? []).filter((entry) => !names.has((entry as Named)[name]));
          expect(new Set((result[list] as unknown as unknown[]) ?? [])).toEqual(
            new Set([...kept, ...(above[list] ?? [])]),
          );
        }
      }),
      { numRuns: 80 },
    );
  });
});

test("every key of the schema has its place in UCI", () => {
  const places = [...SECTION_KINDS.values()].flatMap(({ place, options }) =>
    place.kind === "none"
      ? []
      : place.kind === "entry"
        ? [place.at.join(".")]
        : [...options.keys()].map((key) => [...place.at, key].join(".")),
  );
  const keysOf = ([key, schema]: [string, object]): string[] =>
    "properties" in schema
      ? Object.entries(schema.properties as Record<string, object>)
          .flatMap(keysOf)
          .map((inner) => `${key}.${inner}`)
      : [key];
  const keys = Object.entries(Config.properties).flatMap(keysOf);
  expect(places.sort()).toEqual(keys.sort());
});

test("what UCI has no words for is told", () => {
  const { problems } = expressInUci({
    gateway: { name: "a\0b" },
    mqtt: { clients: [{ username: "a", role: "device", password: "b\0" }] },
  });
  expect(problems.map(({ path }) => path)).toEqual(["gateway.name", "mqtt.clients[0].password"]);
});

test("names that UCI does not allow, or that meet, are said by an option", () => {
  const clients = ["gateway", "a.b", "a-b", "a_b", "plain"].map(
    (username) => ({ username, role: "device", password: "p" }) as const,
  );
  const { sections } = expressInUci({ mqtt: { clients }, modules: [{ id: "a-b", use: "sim" }] });
  expect(sections.map(({ name, options }) => [name, options.get("username") ?? options.get("id")])).toEqual([
    ["gateway_2", "gateway"],
    ["a_b", "a.b"],
    ["a_b_2", "a-b"],
    ["a_b_3", "a_b"],
    ["plain", undefined],
    ["a_b_4", "a-b"],
  ]);
});
