import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { GatewayView, RuleView, ThingId, ThingView, TraceView } from "@tram/protocol";
import { compile, type RuleSource } from "@tram/rules";
import { membersOf } from "../rules/house-view.ts";
import type { CommandBody, CommandContext } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { formatAge } from "./format.ts";
import { CommandFailed } from "./usage-error.ts";

export const rulesList: CommandBody = async (context) => {
  const { output } = context;
  const client = await DaemonClient.of(context);
  const { rules } = await client.get<{ rules: RuleView[] }>("/api/v1/rules");
  output.show({ rules }, () => {
    if (rules.length === 0) {
      output.line("No rules yet. Put a *.yaml file into the rules folder.");
      return;
    }
    const now = Date.now();
    const rows = rules.map((rule) => [
      rule.id,
      styleStatus(context, rule),
      rule.running === 0 ? "" : String(rule.running),
      rule.lastFired === undefined ? "never" : formatAge(rule.lastFired, now),
      rule.file,
      problemOf(rule),
    ]);
    output.table(["RULE", "STATUS", "RUNS", "FIRED", "FILE", "PROBLEM"], rows);
  });
  return 0;
};

function styleStatus({ output }: CommandContext, rule: RuleView): string {
  const color = { active: "green", disabled: "yellow", unavailable: "red" } as const;
  return output.style(color[rule.status], rule.status);
}

function problemOf(rule: RuleView): string {
  const [first] = [...rule.problems, ...rule.warnings];
  const words = first === undefined ? "" : `${first.path}${first.path === "" ? "" : ": "}${first.problem}`;
  if (rule.lastGood === undefined) return words;
  const { time, version } = rule.lastGood;
  const which = version === undefined ? "its last good version" : `version ${version} of ${time}`;
  return `runs ${which}; the new text is broken: ${words}`;
}

export const rulesCheck: CommandBody = async (context) => {
  const { output, args } = context;
  const client = await DaemonClient.of(context);
  const found = args.length === 0 ? await problemsOfGateway(client) : await problemsOfFiles(client, args);
  output.show(found, () => {
    for (const { file, path, problem } of found.problems) {
      output.line(`${output.style("red", "error")}    ${file}: ${path}${path === "" ? "" : ": "}${problem}`);
    }
    for (const { file, path, problem } of found.warnings) {
      output.line(`${output.style("yellow", "warning")}  ${file}: ${path}: ${problem}`);
    }
    const sound = `${found.rules} ${found.rules === 1 ? "rule is" : "rules are"} sound`;
    const broken = found.problems.length === 0 ? "" : `, ${found.problems.length} problem(s)`;
    output.line(`${sound}${broken}`);
  });
  return found.problems.length === 0 ? 0 : 1;
};

interface Problem {
  readonly file: string;
  readonly path: string;
  readonly problem: string;
}

interface Checked {
  readonly rules: number;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

async function problemsOfGateway(client: DaemonClient): Promise<Checked> {
  const { rules } = await client.get<{ rules: RuleView[] }>("/api/v1/rules");
  const of = (kind: "problems" | "warnings"): Problem[] =>
    rules.flatMap((rule) => rule[kind].map((problem) => ({ file: rule.file, ...problem })));
  return {
    rules: rules.filter((rule) => rule.status !== "unavailable" && rule.lastGood === undefined).length,
    problems: of("problems"),
    warnings: of("warnings"),
  };
}

/** Checks files against the Things of the gateway, where one is running; else against the language alone. */
async function problemsOfFiles(client: DaemonClient, paths: readonly string[]): Promise<Checked> {
  const things = client.present ? (await client.get<{ things: ThingView[] }>("/api/v1/things")).things : [];
  const gateway = client.present ? await client.get<GatewayView>("/api/v1/gateway") : undefined;
  const byId = new Map(things.map((view) => [view.thing.id, view.thing]));
  const members = things.map(({ settings, thing }) => ({ id: thing.id as ThingId, settings }));
  const program = compile(paths.flatMap(readSources), {
    house: { thing: (id) => byId.get(id), members: (selector) => membersOf(members, selector) },
    timezone: gateway?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    // Without a gateway there is nowhere to be: that a rule asks for the sun is no mistake of the rule.
    ...placed(gateway),
  });
  return {
    rules: program.rules.size,
    problems: program.broken.flatMap((rule) => rule.problems),
    warnings: client.present ? [...program.rules.values()].flatMap((rule) => rule.warnings) : [],
  };
}

function readSources(path: string): RuleSource[] {
  try {
    if (!statSync(path).isDirectory()) return [{ file: basename(path), text: readFileSync(path, "utf8") }];
    return readdirSync(path)
      .filter((name) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name))
      .sort()
      .map((name) => ({ file: name, text: readFileSync(join(path, name), "utf8") }));
  } catch (error) {
    throw new CommandFailed(`${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

export const rulesTrace: CommandBody = async (context) => {
  const { output, args } = context;
  const id = encodeURIComponent(args[0] ?? "");
  const client = await DaemonClient.of(context);
  const { traces } = await client.get<{ traces: TraceView[] }>(`/api/v1/rules/${id}/traces`);
  output.show({ traces }, () => {
    if (traces.length === 0) output.line("Not evaluated since the gateway started.");
    for (const trace of traces) showTrace(context, trace);
  });
  return 0;
};

function showTrace({ output }: CommandContext, trace: TraceView): void {
  const seen = trace.seen === undefined ? "" : `  saw ${JSON.stringify(trace.seen)}`;
  const detail = trace.detail === undefined ? "" : `  ${trace.detail}`;
  const color = trace.outcome === "fired" ? "green" : trace.outcome === "failed" ? "red" : "cyan";
  output.line(
    `${output.style("dim", trace.time)}  ${output.style(color, trace.outcome)}  ${trace.trigger}${seen}${detail}`,
  );
  for (const check of trace.checks) {
    const mark = check.passed ? output.style("green", "✓") : output.style("red", "✗");
    output.line(`    ${mark} ${check.what}  (saw ${JSON.stringify(check.seen)})`);
  }
}

function placed(gateway: GatewayView | undefined): { place?: NonNullable<GatewayView["place"]> } {
  if (gateway === undefined) return { place: { latitude: 0, longitude: 0 } };
  return gateway.place === undefined ? {} : { place: gateway.place };
}
