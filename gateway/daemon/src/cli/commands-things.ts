import {
  type CommandView,
  type DataSchema,
  type Delta,
  formatDuration,
  isJsonObject,
  type Json,
  type LiveMessage,
  type PropertyView,
  type ThingView,
} from "@tram/protocol";
import type { CommandBody, CommandContext } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { formatAge, formatValue, styleAvailability, styleQuality } from "./format.ts";
import { CommandFailed, UsageError } from "./usage-error.ts";

async function listThings(client: DaemonClient): Promise<readonly ThingView[]> {
  const { things } = await client.get<{ things: readonly ThingView[] }>("/api/v1/things");
  return things;
}

async function findThing(client: DaemonClient, id: string): Promise<ThingView> {
  const found = (await listThings(client)).find(({ thing }) => thing.id === id);
  if (found === undefined) throw new CommandFailed(`there is no Thing ${id}; \`things\` lists them`);
  return found;
}

/** Finds a property by `node/name`, or by its name alone where only one node has it. */
function findProperty(view: ThingView, text: string): string {
  const keys = Object.keys(view.thing.properties);
  if (keys.includes(text)) return text;
  const [only, second] = keys.filter((key) => key.endsWith(`/${text}`));
  if (only === undefined) {
    throw new CommandFailed(`${view.thing.id} has no property ${text}; it has ${keys.join(", ")}`);
  }
  if (second !== undefined) throw new CommandFailed(`${text} is ambiguous: write ${only} or ${second}`);
  return only;
}

export const things: CommandBody = async (context) => {
  const { output, args } = context;
  const client = await DaemonClient.of(context);
  const [id] = args;
  if (id === undefined) {
    const list = await listThings(client);
    output.show({ things: list }, () => {
      if (list.length === 0)
        output.line("No Things yet. A device that describes itself over MQTT appears here.");
      else
        output.table(
          ["ID", "TITLE", "STATE", "SOURCE", "PROPERTIES"],
          list.map((view) => thingRow(context, view)),
        );
    });
    return 0;
  }
  const view = await findThing(client, id);
  output.show(view, () => showThing(context, view));
  return 0;
};

function thingRow({ output }: CommandContext, view: ThingView): string[] {
  const { thing, availability, source, properties } = view;
  const keys = Object.keys(thing.properties);
  const shown = keys
    .slice(0, 3)
    .map((key) => `${key} ${formatValue(properties[key]?.value as Json, thing.properties[key])}`);
  const more = keys.length > 3 ? `, … ${keys.length - 3} more` : "";
  return [thing.id, thing.title, styleAvailability(output, availability), source, shown.join(", ") + more];
}

function showThing({ output }: CommandContext, view: ThingView): void {
  const { thing, availability, source, properties, problem, alerts = [] } = view;
  output.line(
    `${output.style("bold", thing.title)}  ${thing.id}  ${styleAvailability(output, availability)}  ${source}`,
  );
  if (thing.parent !== undefined) output.line(`part of ${thing.parent}`);
  if (problem !== undefined) output.line(output.style("red", `refused: ${problem}`));
  for (const line of placeLines(view)) output.line(output.style("dim", line));
  for (const { id, text, since } of alerts) {
    output.line(`${output.style("yellow", `alert ${id}`)}  ${text}  ${formatAge(since, Date.now())}`);
  }
  const now = Date.now();
  const rows = Object.entries(thing.properties).map(([key, schema]) => {
    const value = properties[key];
    return [
      key,
      formatWithTarget(value, schema),
      value === undefined ? "–" : styleQuality(output, value),
      value === undefined ? "–" : formatAge(value.time, now),
      [schema.readOnly === true ? "" : "settable", guardText(value)].filter((text) => text !== "").join(", "),
    ];
  });
  output.table(["PROPERTY", "VALUE", "QUALITY", "SEEN", ""], rows);
}

/** Where a Thing is, and what leads to it, as far as there is something to say. */
function placeLines({ area, links, settings }: ThingView): readonly string[] {
  const { notes, tags = [] } = settings ?? {};
  const place = [...(area === undefined ? [] : [`in ${area}`]), ...tags.map((tag) => `#${tag}`)];
  return [
    ...(place.length === 0 ? [] : [place.join("  ")]),
    ...(notes === undefined ? [] : [notes]),
    ...(links ?? []).map(({ availability, id, source }) => `reached as ${id} (${source}), ${availability}`),
  ];
}

/** What keeps an actuator safe now. */
function guardText(view: PropertyView | undefined): string {
  const { heldBy = "", heldUntil, restsUntil, stopsAt } = view ?? {};
  const ahead = (time: string): string => formatDuration(Math.max(0, Date.parse(time) - Date.now()));
  return [
    ...(stopsAt === undefined ? [] : [`stops within ${ahead(stopsAt)}`]),
    ...(restsUntil === undefined ? [] : [`rests for ${ahead(restsUntil)}`]),
    ...(heldUntil === undefined ? [] : [`held by ${heldBy.replace(/^api:/, "")} for ${ahead(heldUntil)}`]),
  ].join(", ");
}

/** `20 % → 80 %`: the device says that it is on its way. */
function formatWithTarget(view: PropertyView | undefined, schema: DataSchema): string {
  const value = formatValue(view?.value as Json, schema);
  return view?.target === undefined ? value : `${value} → ${formatValue(view.target as Json, schema)}`;
}

export const get: CommandBody = async (context) => {
  const { output, args } = context;
  const [id = "", name = ""] = args;
  const view = await findThing(await DaemonClient.of(context), id);
  const key = findProperty(view, name);
  const value = view.properties[key];
  if (value === undefined) throw new CommandFailed(`${id}/${key} has not been reported yet`);
  output.show({ thing: id, property: key, ...value }, () => {
    const quality =
      value.quality === "good"
        ? ""
        : `  ${styleQuality(output, value)}, ${formatAge(value.time, Date.now())}`;
    const guard = guardText(value);
    const shown = formatValue(value.value as Json, view.thing.properties[key]);
    output.line(`${shown}${quality}${guard === "" ? "" : `  ${output.style("dim", guard)}`}`);
  });
  return 0;
};

export const set: CommandBody = async (context) => {
  const { output, args, options } = context;
  const [id = "", name = "", text = ""] = args;
  const wait = readWait(options.wait);
  const client = await DaemonClient.of(context);
  const view = await findThing(client, id);
  const key = findProperty(view, name);
  const value = parseValue(text, view.thing.properties[key]);
  const { ttl, why } = options;
  const query = new URLSearchParams({
    ...(wait === undefined ? {} : { wait: String(wait) }),
    ...(typeof ttl === "string" ? { ttl } : {}),
    ...(typeof why === "string" ? { why } : {}),
  });
  const headers: Record<string, string> =
    typeof options.key === "string" ? { "idempotency-key": options.key } : {};
  const path = `/api/v1/things/${id}/properties/${key}?${query}`;
  const call = client.call("PUT", path, value, headers);
  const answer = await output.progress(`waiting for ${id} to confirm`, call);
  if (answer.status === 204) {
    const command = String(answer.headers.location ?? "")
      .split("/")
      .at(-1);
    output.show({ state: "accepted", command }, () =>
      output.line(`accepted ${output.style("dim", `(${command})`)}`),
    );
    return 0;
  }
  const command = answer.body as unknown as CommandView;
  const good = command.state === "confirmed" || (command.state === "sent" && command.endedAt !== undefined);
  output.show(command, () => {
    const reason = command.reason === undefined ? "" : `: ${command.reason}`;
    output.line(`${output.style(good ? "green" : "red", command.state)}${reason}`);
  });
  return good ? 0 : 1;
};

function readWait(option: string | boolean | undefined): number | undefined {
  if (typeof option !== "string") return undefined;
  const seconds = Number(option);
  if (!Number.isFinite(seconds) || seconds < 0 || seconds > 60) {
    throw new UsageError(`--wait: expected 0 to 60 seconds, found ${option}`);
  }
  return seconds;
}

/** Reads a value as its property's type wants it: `on` is not true, and 31 for a text is "31". */
function parseValue(text: string, schema: DataSchema | undefined): Json {
  if (schema?.type === "string") return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text; // The gateway says what it expected.
  }
}

export const watch: CommandBody = async (context) => {
  const [id] = context.args;
  const client = await DaemonClient.of(context);
  if (!client.present) await client.get("/api/v1/gateway"); // Fails with the reason.
  const units = new Map<string, DataSchema>();
  return new Promise<number>((resolve, reject) => {
    const socket = client.live();
    const stop = (): void => socket.close();
    process.once("SIGINT", stop);
    socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString("utf8")) as LiveMessage;
      if (message.type === "snapshot") {
        for (const view of message.things) learn(units, view);
        if (context.output.json) context.output.line(JSON.stringify(message));
      } else showDelta(context, message, id, units);
    });
    socket.on("error", (error) => reject(new CommandFailed(`the live socket failed: ${error.message}`)));
    socket.on("close", (code) => {
      process.removeListener("SIGINT", stop);
      if (code === 1005 || code === 1000) resolve(0);
      else reject(new CommandFailed("the gateway closed the live socket"));
    });
  });
};

function learn(units: Map<string, DataSchema>, view: ThingView): void {
  for (const [key, schema] of Object.entries(view.thing.properties))
    units.set(`${view.thing.id}/${key}`, schema);
}

function showDelta(
  { output }: CommandContext,
  delta: Delta,
  only: string | undefined,
  units: Map<string, DataSchema>,
): void {
  for (const change of delta.changes) {
    if (change.kind === "thing") learn(units, change.thing);
    const id = thingOf(change as unknown as Json);
    if (only !== undefined && id !== only) continue;
    if (output.json) {
      output.line(JSON.stringify(change));
      continue;
    }
    const text = describe(change, units);
    if (text !== undefined) output.line(`${output.style("dim", new Date().toISOString())}  ${text}`);
  }
}

function thingOf(change: Json): string | undefined {
  if (!isJsonObject(change)) return undefined;
  const { id, command, thing } = change;
  if (typeof id === "string") return id;
  if (isJsonObject(command) && typeof command.thing === "string") return command.thing;
  return isJsonObject(thing) && isJsonObject(thing.thing) ? String(thing.thing.id) : undefined;
}

function describe(change: Delta["changes"][number], units: Map<string, DataSchema>): string | undefined {
  switch (change.kind) {
    case "reading": {
      const place = `${change.id}/${change.property}`;
      const view: PropertyView = change.view;
      const quality =
        view.quality === "good"
          ? ""
          : `  ${view.quality}${view.problem === undefined ? "" : `: ${view.problem}`}`;
      return `${place}  ${formatValue(view.value as Json, units.get(place))}${quality}`;
    }
    case "command": {
      const { thing, property, action, value, state, origin, reason } = change.command;
      return `${thing}/${property ?? action} ← ${JSON.stringify(value)}  ${state}  (${origin})${reason === undefined ? "" : `  ${reason}`}`;
    }
    case "event":
      return `${change.id}/${change.event}  ${change.data === null ? "!" : JSON.stringify(change.data)}`;
    case "availability":
      return `${change.id}  ${change.availability}`;
    case "alerts":
      return `${change.id}  ${change.alerts.length === 0 ? "no alerts" : change.alerts.map(({ text }) => `alert: ${text}`).join("; ")}`;
    case "thing":
      return `${change.thing.thing.id}  described`;
    case "retired":
      return `${change.id}  retired`;
    case "notification":
      return `${change.notification.level}  ${change.notification.text}  (rule:${change.notification.rule})`;
    case "module":
      return `module ${change.module.id}  ${change.module.state}${change.module.reason === undefined ? "" : `: ${change.module.reason}`}`;
    default:
      return undefined;
  }
}
