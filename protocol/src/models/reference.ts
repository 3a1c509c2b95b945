import { homieDatatype } from "../homie/value.ts";
import { THING_MODELS } from "./catalogue.ts";
import { matterPlaces } from "./matter.ts";
import { type HassEntity, type ModelProperty, optionalProperties, type ThingModel } from "./thing-model.ts";

/** The page about the standard models (docs/reference/thing-models.md). */
export function modelReference(): string {
  const models = [...THING_MODELS].sort(([a], [b]) => a.localeCompare(b, "en"));
  const index = models.map(
    ([name, { title, titles }]) => `| [\`${name}\`](#${name}) | ${title} | ${titles.vi} |`,
  );
  return `# Thing Models

<!-- Written by \`make generate\` from protocol/models/*.tm.json. -->

A Thing Model describes a kind of Thing once for everybody: what its properties are called, in which unit and range they
are, and what they are in Homie 5, Home Assistant and Matter. The files are WoT Thing Models (WoT TD 1.1 §10). A device
says which one it follows in the \`type\` of its Homie description; of what is optional (○) it has what it can.

| Model | English | Tiếng Việt |
| ----- | ------- | ---------- |
${index.join("\n")}

${models.map(([name, model]) => section(name, model)).join("\n")}`;
}

function section(name: string, model: ThingModel): string {
  const optional = optionalProperties(model);
  const rows = Object.entries(model.properties).map(([key, property]) =>
    [
      `\`${key}\`${optional.has(key) ? " ○" : ""}`,
      `${property.title}<br>${property.titles.vi}`,
      rangeText(property),
      accessOf(property),
      homieDatatype(property),
      model["hass:entities"].flatMap((entity) => useOf(entity, key)).join("<br>"),
      matterOf(model, key),
    ].join(" | "),
  );
  const types = model["matter:deviceTypes"].join(", ") || "none";
  return `## ${name}

**${model.title}**, ${model.titles.vi}. ${model.description} ${model.descriptions.vi} Matter device type: ${types}.

| Property | Title | Value | Access | Homie | Home Assistant | Matter |
| -------- | ----- | ----- | ------ | ----- | -------------- | ------ |
${rows.map((row) => `| ${row} |`).join("\n")}
`;
}

function rangeText({
  enum: values,
  format,
  maximum,
  minimum,
  multipleOf,
  type,
  unit,
}: ModelProperty): string {
  if (values !== undefined) return values.map((value) => `\`${value}\``).join(" ");
  if (type !== "number" && type !== "integer") return format ?? type;
  const range =
    maximum === undefined
      ? `from ${minimum?.toLocaleString("en") ?? "any"}`
      : `${minimum?.toLocaleString("en") ?? "any"} to ${maximum.toLocaleString("en")}`;
  return [
    range,
    ...(unit === undefined ? [] : [unit]),
    ...(multipleOf === undefined ? [] : [`step ${multipleOf}`]),
  ].join(" ");
}

function accessOf({ momentary, readOnly, writeOnly }: ModelProperty): string {
  if (writeOnly === true) return "command";
  if (readOnly !== true) return "read, write";
  return momentary === true ? "event" : "read";
}

function useOf({ component, device_class, uses }: HassEntity, key: string): string[] {
  return Object.entries(uses)
    .filter(([, used]) => used === key)
    .map(([use]) => {
      const kind = device_class === undefined ? component : `${component} ${device_class}`;
      return use === "state" ? kind : `${kind}: ${use}`;
    });
}

function matterOf(model: ThingModel, key: string): string {
  const inverted = model.properties[key]?.["matter:mapping"]?.inverted === true ? " (inverted)" : "";
  return matterPlaces(model, key)
    .map(
      ({ cluster, endpoint, name }) =>
        `${cluster}.${name}${endpoint === 1 ? "" : ` @${endpoint}`}${inverted}`,
    )
    .join("<br>");
}
