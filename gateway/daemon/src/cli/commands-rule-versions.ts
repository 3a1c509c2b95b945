import type { RuleDiffView, RuleVersionsView, RuleVersionView } from "@tram/protocol";
import type { CommandBody } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { formatAge } from "./format.ts";
import { CommandFailed, UsageError } from "./usage-error.ts";

const VERSIONS = "/api/v1/rule-versions";

/** What is meant by an argument: a file is told by its ending, which no id has. */
function placeOf(name: string): { readonly list: string; readonly part: string; readonly rollback: string } {
  const own = encodeURIComponent(name);
  return /\.ya?ml$/.test(name)
    ? { list: `${VERSIONS}?file=${own}`, part: "", rollback: `/api/v1/rule-files/${own}/rollback` }
    : {
        list: `/api/v1/rules/${own}/versions?`,
        part: `rule=${own}`,
        rollback: `/api/v1/rules/${own}/rollback`,
      };
}

/** `rules versions [ID|FILE]` */
export const rulesVersions: CommandBody = async (context) => {
  const { args, options, output } = context;
  const [name] = args;
  const client = await DaemonClient.of(context);
  const limit = `limit=${encodeURIComponent(String(options.last ?? 20))}`;
  const path = name === undefined ? `${VERSIONS}?${limit}` : `${placeOf(name).list}&${limit}`;
  const answer = await client.get<RuleVersionsView>(path);
  output.show(answer, () => {
    const now = Date.now();
    const rows = answer.versions.map((version) => [
      `${version.version}${version.current === true ? "*" : ""}`,
      `${formatAge(version.time, now)}${version.clock === "untrusted" ? " (clock not set)" : ""}`,
      version.by,
      version.file,
      what(version),
    ]);
    if (rows.length === 0) output.line("No change was seen yet.");
    else output.table(["VERSION", "AGE", "BY", "FILE", "WHAT"], rows);
  });
  return 0;
};

/** What a version did, in words. */
function what({ broken, changes, gone, note, noText, unsound = [] }: RuleVersionView): string {
  const done = Object.entries(changes).map(([kind, ids]) => `${kind} ${some(ids)}`);
  const parts = [
    ...(note === undefined ? [] : [note]),
    ...(gone === true ? ["file removed"] : []),
    ...(broken === undefined ? [] : [`cannot be read: ${broken}`]),
    ...done,
    ...(unsound.length === 0 ? [] : [`broken: ${some(unsound)}`]),
    ...(noText === true ? ["(text not kept)"] : []),
  ];
  return parts.length === 0 ? "nothing that a rule says" : parts.join("; ");
}

function some(ids: readonly string[]): string {
  return ids.length <= 4 ? ids.join(", ") : `${ids.slice(0, 3).join(", ")} and ${ids.length - 3} more`;
}

/** `rules diff ID|FILE [A] [B]`: what the last change did; from A to now; from A to B. */
export const rulesDiff: CommandBody = async (context) => {
  const { output } = context;
  const [name = "", from, to] = context.args;
  const { list, part } = placeOf(name);
  const client = await DaemonClient.of(context);
  const before = from === undefined ? "" : `&before=${numberOf(from)}`;
  const after = to === undefined ? await newest(client, name, list) : numberOf(to);
  const answer = await client.get<RuleDiffView>(`${VERSIONS}/${after}/diff?${part}${before}`);
  output.show(answer, () => {
    if (answer.diff === "") output.line("No difference.");
    for (const line of answer.diff.split("\n").slice(0, -1)) {
      const color = line.startsWith("+") ? "green" : line.startsWith("-") ? "red" : undefined;
      output.line(color === undefined ? line : output.style(color, line));
    }
  });
  return 0;
};

async function newest(client: DaemonClient, name: string, list: string): Promise<number> {
  const [latest] = (await client.get<RuleVersionsView>(`${list}&limit=1`)).versions;
  if (latest === undefined) throw new CommandFailed(`no version of ${name} is known`);
  return latest.version;
}

/** `rules rollback ID|FILE VERSION` */
export const rulesRollback: CommandBody = async (context) => {
  const [name = "", version = ""] = context.args;
  const client = await DaemonClient.of(context);
  const { body } = await client.call("POST", placeOf(name).rollback, { version: numberOf(version) });
  context.output.show(body, () => context.output.line(`${name} is as it was in version ${version}`));
  return 0;
};

function numberOf(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`expected the number of a version, found ${text}`);
}
