import { BridgeConfig } from "@tram/cloud-bridge";
import { TopicMapping } from "@tram/protocol";
import { type TSchema, Type } from "typebox";
import { Config } from "../schema.ts";
import { propertiesOf, requiredOf } from "../schema-properties.ts";

const Lines = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ pattern: "^[A-Za-z0-9_.-]{1,32}$" }), { maxItems: 16, description }),
  );

/**
 * The section of the scripts, which never reaches the gateway's configuration. It is read here so that a typo in it
 * is told like any other.
 */
const ServiceSection = Type.Object(
  {
    enabled: Type.Optional(Type.Boolean({ default: true, description: "Start the gateway." })),
    heap_mb: Type.Optional(
      Type.Integer({
        minimum: 32,
        maximum: 4_096,
        description: "V8's old generation, in MB. Default: a quarter of the memory, from 64 to 512.",
      }),
    ),
    nofile: Type.Optional(
      Type.Integer({
        minimum: 1_024,
        maximum: 1_048_576,
        default: 4_096,
        description: "Most files and connections that are open at once.",
      }),
    ),
    metered_interface: Lines(
      "Network interfaces (`phone`) that are paid by volume. While the default route is over one of them, `gateway.wan` is `metered`, else `unmetered`. Modems (3G, QMI, MBIM, NCM, ModemManager) need not be named.",
    ),
    unmetered_interface: Lines("Network interfaces that are not, although they are modems."),
  },
  { description: "How the service runs." },
);

/** A type of section, and where its options stand in the configuration. */
export interface SectionKind {
  /** Also the usual name of the section, where there is one of it. */
  readonly type: string;
  readonly options: ReadonlyMap<string, TSchema>;
  readonly required: ReadonlySet<string>;
  readonly place: Place;
  readonly description?: string;
}

export type Place =
  /** Not in the configuration. */
  | { readonly kind: "none" }
  /** Keys of the object at this path. One such section. */
  | { readonly kind: "keys"; readonly at: readonly string[] }
  /** An entry of the list at this path; `name` is the key that the section's name is for. Any number of sections. */
  | {
      readonly kind: "entry";
      readonly at: readonly string[];
      readonly name: string;
      /** From the section's name: `_` stands for `-`, which UCI does not allow. */
      readonly dashed: boolean;
    };

/** Lists of named things: each of them is a section of its own. */
const ENTRIES: readonly {
  readonly type: string;
  readonly at: readonly string[];
  readonly name: string;
  readonly dashed: boolean;
  readonly schema?: TSchema;
}[] = [
  { type: "account", at: ["mqtt", "clients"], name: "username", dashed: false },
  { type: "listener", at: ["mqtt", "listeners"], name: "id", dashed: true },
  { type: "mapping", at: ["mqtt", "mappings"], name: "id", dashed: true, schema: TopicMapping },
  { type: "rule_webhook", at: ["rules", "webhooks"], name: "id", dashed: true },
  { type: "module", at: ["modules"], name: "id", dashed: true },
  { type: "history_policy", at: ["history", "policies"], name: "id", dashed: true },
  { type: "cloud", at: ["cloud"], name: "id", dashed: true, schema: BridgeConfig },
];

/** Where the scalars of the top level stand. */
const TOP_SECTION = "storage";

/** All section types, made of the schemas: a new key of a schema is an option, a new object a section. */
export const SECTION_KINDS: ReadonlyMap<string, SectionKind> = new Map(
  [...kinds()].map((kind) => [kind.type, kind]),
);

function* kinds(): Generator<SectionKind> {
  yield { type: "service", ...partsOf(ServiceSection), place: { kind: "none" } };
  const keys = [...propertiesOf(Config)].filter(([key]) => !isEntryList([key]));
  const scalars = new Map(keys.filter(([, schema]) => !("properties" in schema)));
  for (const [key, schema] of keys) {
    const first = scalars.keys().next().value;
    if (key === first) {
      yield { type: TOP_SECTION, options: scalars, required: new Set(), place: { kind: "keys", at: [] } };
    }
    if (scalars.has(key)) continue;
    const { options, ...rest } = partsOf(schema);
    const listed = [...options].filter(([name]) => !isEntryList([key, name]));
    const own = new Map(listed.filter(([, option]) => !("properties" in option)));
    yield { type: key, options: own, ...rest, place: { kind: "keys", at: [key] } };
    // UCI knows no objects within sections: each is a section of its own.
    for (const [name, option] of listed) {
      if (own.has(name)) continue;
      yield { type: `${key}_${name}`, ...partsOf(option), place: { kind: "keys", at: [key, name] } };
    }
  }
  for (const { type, at, name, dashed, schema } of ENTRIES) {
    yield { type, ...partsOf(schema ?? itemsAt(at)), place: { kind: "entry", at, name, dashed } };
  }
}

function isEntryList(path: readonly string[]): boolean {
  return ENTRIES.some(({ at }) => at.join(".") === path.join("."));
}

function itemsAt(path: readonly string[]): TSchema {
  const list = path.reduce<TSchema | undefined>(
    (schema, key) => (schema === undefined ? undefined : propertiesOf(schema).get(key)),
    Config,
  );
  const items = (list as { items?: TSchema } | undefined)?.items;
  if (items === undefined) throw new Error(`${path.join(".")} is not a list in the schema`);
  return items;
}

function partsOf(schema: TSchema): Pick<SectionKind, "options" | "required" | "description"> {
  const { description } = schema as { description?: string };
  return {
    options: propertiesOf(schema),
    required: requiredOf(schema),
    ...(description === undefined ? {} : { description }),
  };
}
