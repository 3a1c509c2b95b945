import { PRODUCT } from "@tram/protocol";
import type { TSchema } from "typebox";
import { type Place, SECTION_KINDS, type SectionKind } from "./kinds.ts";
import { OPENWRT_FILES } from "./openwrt-files.ts";
import { OPENWRT_DEFAULTS } from "./render.ts";
import { wanted, writeValue } from "./value.ts";

/** The reference of the UCI options, as Markdown, made of the schemas that the sections are read with. */
export function uciReference(): string {
  const { name } = PRODUCT;
  return [
    "# UCI reference",
    "",
    "Made by `make generate` out of the configuration's schema. On OpenWrt the gateway is configured in",
    `\`${OPENWRT_FILES.uci}\`, with \`uci\`, in LuCI or in an editor. At its start it is laid over \`${OPENWRT_FILES.base}\`, which is`,
    "optional, and UCI wins for each key. An account, a module or a cloud replaces the one of its name there, or is added.",
    "",
    "Unknown sections and options are errors; all of them are told, with their path:",
    `\`${name} config check --uci ${OPENWRT_FILES.uci}\`. The configuration that follows: \`${name} config print --uci ${OPENWRT_FILES.uci}\`.`,
    `A YAML file said in UCI: \`${name} config uci FILE\`.`,
    "",
    "- Relative paths start in the folder of the YAML file.",
    "- `1`, `on`, `true`, `yes` and `enabled` are the same, and so are `0`, `off`, `false`, `no` and `disabled`.",
    "- A list is several `list` lines; one `option` is a list of one. `list topics ''`, alone, is the empty list: it takes back",
    "  what the YAML file says. An `option` without a value is none, as everywhere in UCI.",
    "- Where a JSON object is expected, it stands in single quotes: `option config '{ \"speed\": 60 }'`.",
    "- The name of an account, a module or a cloud is that of its section; `_` stands for `-` in ids, where UCI does not take",
    "  the one and the gateway not the other. An option says another name.",
    "",
    ...[...SECTION_KINDS.values()].flatMap(sectionReference),
  ].join("\n");
}

function sectionReference({ type, options, required, place, description }: SectionKind): string[] {
  const rows = [...options].map(([option, schema]) => {
    const { description: meaning = "" } = schema as { description?: string };
    const cells = [
      type,
      `\`${option}\`${required.has(option) && !namesEntry(place, option) ? " (required)" : ""}`,
      typeOf(schema),
      defaultOf(place, option, schema),
      meaning,
      keyOf(place, option),
    ];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return [
    `## \`config ${type}\`${place.kind === "entry" ? " `'NAME'`" : ` \`'${type}'\``}`,
    "",
    ...(description === undefined ? [] : [description, ""]),
    "| section | option | type | default | meaning | configuration key |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ];
}

/** The words of the messages, without their articles. */
function typeOf(schema: TSchema): string {
  return wanted(schema).replaceAll("a single text", "text").replace(/^an? /, "");
}

function namesEntry(place: Place, option: string): boolean {
  return place.kind === "entry" && place.name === option;
}

function keyOf(place: Place, option: string): string {
  if (place.kind === "none") return "";
  const path = place.at.join(".");
  const inner = place.kind === "entry" ? `${path}[].${option}` : [...place.at, option].join(".");
  return `\`${inner}\``;
}

function defaultOf(place: Place, option: string, schema: TSchema): string {
  if (namesEntry(place, option)) return "the section's name";
  const here = place.kind === "keys" ? OPENWRT_DEFAULTS.get([...place.at, option].join(".")) : undefined;
  if (here !== undefined) return here;
  const { default: fallback } = schema as { default?: unknown };
  const value = fallback === undefined ? undefined : writeValue(fallback, schema);
  return value === undefined ? "" : `\`${String(value)}\``;
}
