import { readFileSync, writeFileSync } from "node:fs";
import type { Area, HouseholdReport, Json, ThingSettings } from "@tram/protocol";
import type { CommandBody, CommandContext } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { CommandFailed, UsageError } from "./usage-error.ts";

const thingPath = (id: string): string => `/api/v1/things/${encodeURIComponent(id)}`;

/** `areas`: the parts of the house. */
export const areas: CommandBody = async (context) => {
  const { output } = context;
  const client = await DaemonClient.of(context);
  const view = await client.get<{ areas: readonly Area[] }>("/api/v1/areas");
  output.show(view, () => {
    if (view.areas.length === 0) output.line("No areas yet; `areas set ID TITLE` adds one.");
    else
      output.table(
        ["ID", "TITLE"],
        view.areas.map(({ id, title }) => [id, title]),
      );
  });
  return 0;
};

/** `areas set ID TITLE` */
export const setArea: CommandBody = async (context) => {
  const [id = "", title = ""] = context.args;
  const client = await DaemonClient.of(context);
  await client.call("PUT", `/api/v1/areas/${encodeURIComponent(id)}`, { title });
  return tell(context, { id, title }, `${id} is ${title}`);
};

/** `areas delete ID` */
export const deleteArea: CommandBody = async (context) => {
  const [id = ""] = context.args;
  const client = await DaemonClient.of(context);
  await client.call("DELETE", `/api/v1/areas/${encodeURIComponent(id)}`);
  return tell(context, { id }, `the area ${id} is gone`);
};

/** `things settings ID`: shows what the owner says of a Thing, or changes what the options name. */
export const thingSettings: CommandBody = async (context) => {
  const { args, options, output } = context;
  const [id = ""] = args;
  const client = await DaemonClient.of(context);
  const path = `${thingPath(id)}/settings`;
  const settings = { ...(await client.get<ThingSettings>(path)) } as Record<string, Json>;
  let changed = false;
  for (const name of ["title", "area", "icon", "notes", "tags"] as const) {
    const text = options[name];
    if (typeof text !== "string") continue;
    changed = true;
    if (text === "") delete settings[name];
    else settings[name] = name === "tags" ? text.split(",").map((tag) => tag.trim()) : text;
  }
  if (typeof options.file === "string") {
    changed = true;
    settings.properties = readJson(options.file);
  }
  if (changed) await client.call("PUT", path, settings);
  output.show(settings, () => {
    const rows = Object.entries(settings).map(([name, value]) => [name, JSON.stringify(value)]);
    if (rows.length === 0) output.line(`Nothing is set for ${id}.`);
    else output.table(["SETTING", "VALUE"], rows);
  });
  return 0;
};

/** `things replace ID BY` */
export const replaceThing: CommandBody = async (context) => {
  const [id = "", by = ""] = context.args;
  const client = await DaemonClient.of(context);
  await client.call("POST", `${thingPath(id)}/replacement`, { thing: by });
  return tell(context, { id, by }, `the device of ${by} is ${id} now, with its history and its rules`);
};

/** `things join ID OTHER` */
export const joinThing: CommandBody = async (context) => {
  const [id = "", other = ""] = context.args;
  const client = await DaemonClient.of(context);
  await client.call("POST", `${thingPath(id)}/links`, { thing: other });
  return tell(context, { id, other }, `${other} is another way to ${id} now`);
};

/** `things part ID LINK` */
export const partThing: CommandBody = async (context) => {
  const [id = "", link = ""] = context.args;
  const client = await DaemonClient.of(context);
  await client.call("DELETE", `${thingPath(id)}/links/${encodeURIComponent(link)}`);
  return tell(context, { id, link }, `${link} is a Thing of its own again`);
};

/** `things forget ID` */
export const forgetThing: CommandBody = async (context) => {
  const [id = ""] = context.args;
  const client = await DaemonClient.of(context);
  await client.call("DELETE", thingPath(id));
  return tell(context, { id }, `${id} is forgotten; a device that describes itself again comes back`);
};

/** `things export F` */
export const exportThings: CommandBody = async (context) => {
  const [file = ""] = context.args;
  const client = await DaemonClient.of(context);
  const text = `${JSON.stringify(await client.get("/api/v1/household"), null, 2)}\n`;
  if (file === "-") process.stdout.write(text);
  else {
    try {
      writeFileSync(file, text);
    } catch (cause) {
      throw new CommandFailed(`${file}: ${(cause as Error).message}`);
    }
    tell(context, { file }, `areas, settings and Things are in ${file}`);
  }
  return 0;
};

/** `things import F` */
export const importThings: CommandBody = async (context) => {
  const [file = ""] = context.args;
  const client = await DaemonClient.of(context);
  const answer = await client.call("PUT", "/api/v1/household", readJson(file));
  const report = answer.body as unknown as HouseholdReport;
  context.output.show(report, () => {
    const { areas: parts, links, settings, skipped } = report;
    context.output.line(`${parts} areas, settings of ${settings} Things, and ${links} new links taken over`);
    for (const { path, problem } of skipped) context.output.line(`${path}: ${problem}`);
  });
  return report.skipped.length === 0 ? 0 : 1;
};

/** `release ID PROP`: lets machines have their way again. */
export const release: CommandBody = async (context) => {
  const [id = "", property = ""] = context.args;
  if (!/^[^/]+\/[^/]+$/.test(property)) {
    throw new UsageError(`PROP: expected node/name, found ${property}`);
  }
  const client = await DaemonClient.of(context);
  await client.call("DELETE", `${thingPath(id)}/properties/${property}/hold`);
  return tell(context, { id, property }, `machines have their way with ${id}/${property} again`);
};

function tell({ output }: CommandContext, view: Record<string, Json>, text: string): number {
  output.show(view, () => output.line(text));
  return 0;
}

function readJson(file: string): Json {
  try {
    return JSON.parse(readFileSync(file === "-" ? 0 : file, "utf8")) as Json;
  } catch (cause) {
    throw new CommandFailed(`${file}: ${(cause as Error).message}`);
  }
}
