import { BRIDGE_FORMS, BridgeConfig } from "@tram/cloud-bridge";
import type { TSchema } from "typebox";
import { Config } from "./config/schema.ts";
import { propertiesOf, requiredOf } from "./config/schema-properties.ts";
import { uciReference } from "./config/uci/reference.ts";
import { openApiDocument } from "./http/openapi.ts";
import type { Route } from "./http/route.ts";
import { accountRoutes } from "./http/routes-account.ts";
import { auditRoutes } from "./http/routes-audit.ts";
import { authorityRoutes } from "./http/routes-authority.ts";
import { backupRoutes } from "./http/routes-backup.ts";
import { clientRoutes } from "./http/routes-clients.ts";
import { cloudRoutes } from "./http/routes-clouds.ts";
import { credentialRoutes } from "./http/routes-credentials.ts";
import { eventRoutes } from "./http/routes-events.ts";
import { flashRoutes } from "./http/routes-flash.ts";
import { historyRoutes } from "./http/routes-history.ts";
import { householdRoutes } from "./http/routes-household.ts";
import { mappingRoutes } from "./http/routes-mappings.ts";
import { pairingRoutes } from "./http/routes-pairing.ts";
import { ruleRoutes } from "./http/routes-rules.ts";
import { systemRoutes } from "./http/routes-system.ts";
import { webhookRoutes } from "./http/routes-webhooks.ts";
import { engineReference } from "./mqtt/engine-reference.ts";
import { wotRoutes } from "./wot/open-wot.ts";

/** The reference documents that are generated from the product itself, by file name below docs/reference/. */
export function referenceDocuments(): ReadonlyMap<string, string> {
  return new Map([
    ["openapi.json", `${JSON.stringify(openApiDocument(describedRoutes()), null, 2)}\n`],
    ["config.md", configReference()],
    ["uci.md", uciReference()],
    ["broker-engines.md", engineReference()],
  ]);
}

/** The routes as they describe themselves; none of them is called. */
function describedRoutes(): readonly Route[] {
  const absent = (room: string): never => {
    throw new Error(`${room} is not there: these routes only describe themselves`);
  };
  const nobody = new Proxy({}, { get: (_target, name) => absent(String(name)) });
  return [
    ...householdRoutes({ registry: { household: nobody }, safety: nobody } as Parameters<
      typeof householdRoutes
    >[0]),
    ...wotRoutes({
      registry: nobody,
      commands: nobody,
      transactions: nobody,
      watch: nobody,
      streams: nobody,
      reach: () => absent("the way"),
    } as unknown as Parameters<typeof wotRoutes>[0]),
    ...accountRoutes(
      nobody as Parameters<typeof accountRoutes>[0],
      () => absent("the port"),
      nobody as Parameters<typeof accountRoutes>[2],
    ),
    ...ruleRoutes(
      nobody as Parameters<typeof ruleRoutes>[0],
      nobody as Parameters<typeof ruleRoutes>[1],
      nobody as Parameters<typeof ruleRoutes>[2],
    ),
    ...webhookRoutes(nobody as Parameters<typeof webhookRoutes>[0]),
    ...authorityRoutes(undefined, nobody as Parameters<typeof authorityRoutes>[1]),
    ...clientRoutes(nobody as Parameters<typeof clientRoutes>[0]),
    ...mappingRoutes(nobody as Parameters<typeof mappingRoutes>[0], () => absent("the audit log")),
    ...cloudRoutes(nobody as Parameters<typeof cloudRoutes>[0]),
    ...systemRoutes(nobody as Parameters<typeof systemRoutes>[0]),
    ...pairingRoutes(nobody as Parameters<typeof pairingRoutes>[0], { host: "", port: 0 }),
    ...credentialRoutes(nobody as Parameters<typeof credentialRoutes>[0], { host: "", port: 0 }),
    ...eventRoutes(undefined),
    ...auditRoutes(nobody as Parameters<typeof auditRoutes>[0]),
    ...backupRoutes(nobody as Parameters<typeof backupRoutes>[0], () => absent("the bundle")),
    ...historyRoutes(nobody as Parameters<typeof historyRoutes>[0]),
    ...flashRoutes(() => absent("the meter")),
  ];
}

interface Described {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
  readonly anyOf?: readonly TSchema[];
  readonly required?: readonly string[];
}

function configReference(): string {
  const rows = [...describe(Config as unknown as Described, ""), ...describeBridges()];
  return [
    "# Configuration reference",
    "",
    "Made by `make generate` out of the configuration's schema. Unknown keys are errors. Paths are relative to the",
    "file. `tram config print` shows the configuration in force.",
    "",
    "| key | type | default | meaning |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

/** A key that not every cloud has says whose it is. */
function* describeBridges(): Generator<string> {
  const forms = Object.entries(BRIDGE_FORMS);
  for (const [key, property] of propertiesOf(BridgeConfig)) {
    const having = forms.filter(([, form]) => propertiesOf(form).has(key));
    const whose = having.map(([provider]) => `\`${provider}\``).join(", ");
    yield row(`cloud[].${key}`, property as Described, {
      required: having.every(([, form]) => requiredOf(form).has(key)),
      whose: having.length === forms.length ? "" : `${whose}: `,
    });
  }
}

function row(path: string, described: Described, { required = false, whose = "" }): string {
  const fallback = described.default === undefined ? "" : `\`${JSON.stringify(described.default)}\``;
  const meaning = `${whose}${described.description ?? ""}`.replaceAll("|", "\\|");
  return `| \`${path}\`${required ? " (required)" : ""} | ${typeOf(described)} | ${fallback} | ${meaning} |`;
}

function* describe(schema: Described, path: string): Generator<string> {
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    const described = property as Described;
    const here = path === "" ? key : `${path}.${key}`;
    yield row(here, described, { required: schema.required?.includes(key) === true });
    yield* describe(described, here);
    if (described.items !== undefined) yield* describe(described.items as Described, `${here}[]`);
  }
}

function typeOf(schema: Described): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map((form) => typeOf(form as Described)).join(" or ");
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${String(value)}\``).join(" or ");
  const range =
    schema.minimum === undefined && schema.maximum === undefined
      ? ""
      : ` ${schema.minimum ?? ""}…${schema.maximum ?? ""}`;
  return `${schema.type ?? "any"}${range}`;
}
