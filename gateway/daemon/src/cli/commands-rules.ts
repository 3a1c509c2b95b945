import { EDITOR_SCHEMAS, type RuleView } from "@tram/protocol";
import type { CommandBody, CommandContext } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { formatAge } from "./format.ts";

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

/** `rules schema` */
export const rulesSchema: CommandBody = async ({ options, output }) => {
  const schema = EDITOR_SCHEMAS[options.tests === true ? "rule-tests.schema.json" : "rules.schema.json"]();
  output.show(schema, () => output.line(JSON.stringify(schema, null, 2)));
  return 0;
};
