import { readFileSync } from "node:fs";
import { isJsonObject, type Json, schemaProblems, Thing, type ThingView } from "@tram/protocol";
import { Compile } from "@tram/protocol/validator";
import type { Placing } from "@tram/rules/rehearsal";
import type { CommandContext } from "../cli/command.ts";
import { DaemonClient } from "../cli/daemon-client.ts";
import { CommandFailed } from "../cli/usage-error.ts";

/** What is known of a house that rules are checked or rehearsed against. */
export interface KnownThings {
  readonly things: readonly Thing[];
  /** Areas and tags of Things. */
  readonly placings: ReadonlyMap<string, Placing>;
  /** What the Things last reported; empty of a file that holds no values. */
  readonly values: readonly { readonly thing: string; readonly property: string; readonly value: Json }[];
  /** Nothing was asked: then an unknown Thing is no news. */
  readonly nobody: boolean;
}

const NOBODY: KnownThings = { things: [], placings: new Map(), values: [], nobody: true };

/**
 * The Things of `--things FILE`, else of the gateway that runs, else none.
 * @throws {CommandFailed} when the file is not what it should be, or the gateway refuses.
 */
export async function knownThings(context: CommandContext): Promise<KnownThings> {
  const { things: file } = context.options;
  if (typeof file === "string") return ofFile(file);
  const client = await gatewayOf(context);
  if (client === undefined) return NOBODY;
  const { things } = await client.get<{ things: ThingView[] }>("/api/v1/things");
  return {
    things: things.map(({ thing }) => thing),
    placings: new Map(things.map(({ settings = {}, thing }) => [thing.id, settings])),
    values: things.flatMap(({ properties, thing }) =>
      Object.entries(properties).flatMap(([property, { value }]) =>
        value === undefined || value === null ? [] : [{ thing: thing.id, property, value: value as Json }],
      ),
    ),
    nobody: false,
  };
}

/** The gateway that runs, if one does. */
export async function gatewayOf(context: CommandContext): Promise<DaemonClient | undefined> {
  try {
    const client = await DaemonClient.of(context);
    return client.present ? client : undefined;
  } catch (error) {
    // Nothing tells which gateway is meant: then none is.
    if (error instanceof CommandFailed) return undefined;
    throw error;
  }
}

/** What `things --json` and `things export` write, or a list of Things. */
function ofFile(file: string): KnownThings {
  const content = readJson(file);
  const found = candidates(content);
  if (found === undefined) {
    throw new CommandFailed(
      `${file}: expected what \`things --json\` or \`things export\` writes, or a list of Things`,
    );
  }
  const validator = Compile(Thing);
  const things = found.map((candidate, index) => {
    if (validator.Check(candidate)) return candidate;
    const [first] = schemaProblems(validator.Errors(candidate), candidate);
    const id =
      isJsonObject(candidate) && typeof candidate.id === "string" ? candidate.id : `Thing ${index + 1}`;
    throw new CommandFailed(`${file}: ${id}: ${first?.path ?? ""}: ${first?.problem ?? "is no Thing"}`);
  });
  return { things, placings: placingsOf(content), values: [], nobody: false };
}

/** Areas and tags, where an export or a list of views has them. */
function placingsOf(content: Json): ReadonlyMap<string, Placing> {
  const { settings, things = content } = isJsonObject(content) ? content : {};
  const said: (readonly [string, Json | undefined])[] = isJsonObject(settings)
    ? Object.entries(settings)
    : [];
  for (const view of Array.isArray(things) ? things : []) {
    if (isJsonObject(view) && isJsonObject(view.thing)) said.push([String(view.thing.id), view.settings]);
  }
  return new Map(said.flatMap(([id, its]) => (isJsonObject(its) ? [[id, placingOf(its)] as const] : [])));
}

export function placingOf({ area, tags }: Readonly<Record<string, Json>>): Placing {
  return {
    ...(typeof area === "string" ? { area } : {}),
    ...(Array.isArray(tags) ? { tags: tags.filter((tag) => typeof tag === "string") } : {}),
  };
}

function candidates(content: Json): readonly Json[] | undefined {
  const list = Array.isArray(content)
    ? content
    : isJsonObject(content)
      ? [content.things, content.links].find(Array.isArray)
      : undefined;
  return list?.map((item: Json) => {
    if (!isJsonObject(item) || !isJsonObject(item.thing ?? null)) return item;
    const thing = item.thing as { readonly [key: string]: Json };
    // A link of another name than its Thing.
    return typeof item.of === "string" ? { ...thing, id: item.of } : thing;
  });
}

function readJson(file: string): Json {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Json;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandFailed(`${file}: ${code ?? `expected JSON: ${message}`}`);
  }
}
