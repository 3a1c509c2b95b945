import { readFileSync } from "node:fs";
import {
  isJsonObject,
  type Json,
  type MappedProperty,
  type MappingProposals,
  type MappingView,
} from "@tram/protocol";
import type { CommandBody } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { formatAge } from "./format.ts";
import { CommandFailed } from "./usage-error.ts";

const PATH = "/api/v1/mappings";
const at = (id: string): string => `${PATH}/${encodeURIComponent(id)}`;

/** `mappings`: plain topics that are mapped to Things. */
export const mappings: CommandBody = async (context) => {
  const { output } = context;
  const client = await DaemonClient.of(context);
  const answer = await client.get<{ mappings: MappingView[] }>(PATH);
  output.show(answer, () => {
    if (answer.mappings.length === 0) {
      output.line("No topic is mapped. `tram mappings propose` shows what was heard.");
      return;
    }
    output.table(
      ["MAPPING", "FROM", "THINGS", "PROPERTIES", "TOPICS"],
      answer.mappings.map(({ active, mapping, origin, things }) => [
        active ? mapping.id : output.style("red", mapping.id),
        origin,
        String(things.length),
        Object.keys(mapping.properties).join(" "),
        [...new Set(Object.values(mapping.properties).map(topicOf))].join(" "),
      ]),
    );
    for (const { mapping, problems } of answer.mappings) {
      for (const { path, problem } of problems)
        output.line(output.style("red", `${mapping.id}: ${path}: ${problem}`));
    }
  });
  return answer.mappings.every(({ active }) => active) ? 0 : 1;
};

function topicOf({ read, write }: MappedProperty): string {
  return read?.topic ?? write?.topic ?? "";
}

/** `mappings show ID`: as YAML, ready to be changed and added again. */
export const showMapping: CommandBody = async (context) => {
  const client = await DaemonClient.of(context);
  const view = await client.get<MappingView>(at(context.args[0] ?? ""));
  const { stringify } = await import("yaml");
  context.output.show(view, () => context.output.line(stringify(view.mapping, { lineWidth: 0 }).trimEnd()));
  return 0;
};

/** `mappings add FILE`: one mapping or a list of them, YAML or JSON. What is there already is changed. */
export const addMappings: CommandBody = async (context) => {
  const [file = ""] = context.args;
  const documents = await readMappings(file);
  const client = await DaemonClient.of(context);
  const added: MappingView[] = [];
  for (const [index, document] of documents.entries()) {
    const { id } = isJsonObject(document) ? document : {};
    if (typeof id !== "string") throw new CommandFailed(`${file}: [${index}].id: expected a string`);
    const { body } = await client.call("PUT", at(id), document).catch((error: unknown) => {
      throw error instanceof CommandFailed ? new CommandFailed(`${file}: ${id}: ${error.message}`) : error;
    });
    added.push(body as unknown as MappingView);
  }
  context.output.show({ mappings: added }, () => {
    for (const { mapping, problems, things } of added) {
      const made = things.length === 0 ? "waits for its devices" : `is ${things.join(", ")}`;
      if (problems.length === 0) context.output.line(`${mapping.id} ${made}`);
      for (const { path, problem } of problems) context.output.error(`${mapping.id}: ${path}: ${problem}`);
    }
  });
  return added.every(({ active }) => active) ? 0 : 1;
};

async function readMappings(file: string): Promise<readonly Json[]> {
  const { parse } = await import("yaml");
  let document: unknown;
  try {
    document = parse(readFileSync(file === "-" ? 0 : file, "utf8"), { schema: "core", maxAliasCount: 50 });
  } catch (error) {
    throw new CommandFailed(`${file}: ${(error as Error).message}`);
  }
  return Array.isArray(document) ? (document as readonly Json[]) : [document as Json];
}

/** `mappings remove ID`: with its Things. */
export const removeMapping: CommandBody = async (context) => {
  const client = await DaemonClient.of(context);
  const [id = ""] = context.args;
  await client.call("DELETE", at(id));
  context.output.show({ id }, () => context.output.line(`${id} is removed, and its Things with it`));
  return 0;
};

/** `mappings propose`: what was heard and nobody has, as YAML that `mappings add` takes. */
export const proposeMappings: CommandBody = async (context) => {
  const { output } = context;
  const client = await DaemonClient.of(context);
  const answer = await client.get<MappingProposals>(`${PATH}/proposals`);
  const { stringify } = await import("yaml");
  output.show(answer, () => {
    const { proposals, topics } = answer;
    if (topics.length === 0) output.line("# Every topic that was heard since the start belongs to a Thing.");
    const now = Date.now();
    for (const { account, count, lastAt, payload, topic } of topics) {
      const shown = payload.replace(/\s+/g, " ");
      output.line(`# ${topic}  ${shown}  (${count}×, ${formatAge(lastAt, now)}, by ${account})`);
    }
    if (proposals.length === 0) return;
    const documents = proposals.map(({ mapping }) => mapping);
    output.line(stringify(documents, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd());
  });
  return 0;
};
