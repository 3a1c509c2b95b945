import type { CliCommand, OptionSpec } from "./command.ts";

const THINGS_OPTION: Readonly<Record<string, OptionSpec>> = {
  things: {
    type: "string",
    value: "FILE",
    help: "Things from `things --json` or `things export` (default: those of the gateway, if one runs)",
  },
};

const ZONE_OPTIONS: Readonly<Record<string, OptionSpec>> = {
  location: {
    type: "string",
    value: "LAT,LON",
    help: "where the sun is asked for: 10.8,106.7 (default: where the gateway is)",
  },
  timezone: { type: "string", value: "NAME", help: "zone of the rules' times (default: the gateway's)" },
};

/** Rules: how they are, how they are changed and tried, and what they were. */
export const RULE_COMMANDS: readonly CliCommand[] = [
  {
    name: "rules list",
    summary: "list the rules and when they last fired",
    maxArgs: 0,
    load: async () => (await import("./commands-rules.ts")).rulesList,
  },
  {
    name: "rules check",
    args: "[FILE…]",
    summary: "check rule files or folders (or the rules of the gateway): file and line of each problem",
    options: {
      strict: { type: "boolean", help: "warnings are problems too" },
      ...THINGS_OPTION,
    },
    load: async () => (await import("./commands-rules-check.ts")).rulesCheck,
  },
  {
    name: "rules test",
    args: "[FILE…]",
    summary: "run the *.test.yaml of a folder (default: this one), or these; no gateway is needed",
    options: {
      ...THINGS_OPTION,
      only: { type: "string", value: "TEXT", help: "only tests whose name has this text" },
      junit: {
        type: "string",
        value: "FILE",
        help: "also write the results as JUnit XML, for build servers",
      },
    },
    load: async () => (await import("./commands-rules-test.ts")).rulesTest,
  },
  {
    name: "rules schema",
    summary: "print the JSON Schema of rule files, for editors",
    options: { tests: { type: "boolean", help: "that of *.test.yaml instead" } },
    maxArgs: 0,
    load: async () => (await import("./commands-rules.ts")).rulesSchema,
  },
  {
    name: "rules simulate",
    args: "[FILE]",
    summary: "what the schedules of rules would do, of the gateway or of a file or folder",
    options: {
      days: { type: "string", value: "N", help: "for so long (default: 7)" },
      rule: { type: "string", value: "ID", help: "tell of this rule alone" },
      from: { type: "string", value: "TIME", help: "begin at this time, ISO 8601 (default: now)" },
      ...ZONE_OPTIONS,
      ...THINGS_OPTION,
    },
    maxArgs: 1,
    load: async () => (await import("./commands-rules-simulate.ts")).rulesSimulate,
  },
  {
    name: "rules replay",
    summary: "what rules would have done with what was recorded, and what is different from what they did",
    options: {
      from: {
        type: "string",
        value: "TIME",
        help: "2026-01-05T12:00:00Z, or so long ago: 2h (default: 24h)",
      },
      to: { type: "string", value: "TIME", help: "the same (default: now)" },
      rule: {
        type: "string",
        value: "FILE",
        help: "compare with these changed rules: a file, or a whole folder",
      },
      rules: { type: "string", value: "FILE", help: "the current rules (default: those of the gateway)" },
      events: {
        type: "string",
        value: "FILE",
        help: "a record: what `events --all --known --json` wrote, - for standard input",
      },
      ...ZONE_OPTIONS,
    },
    maxArgs: 0,
    load: async () => (await import("./commands-rules-replay.ts")).rulesReplay,
  },
  {
    name: "rules trace",
    args: "ID",
    summary: "what a rule did: its latest evaluations with their runs, newest first, and its errors",
    options: {
      last: { type: "string", short: "n", value: "N", help: "so many lines of the newest (default: 200)" },
    },
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-rule-trace.ts")).rulesTrace,
  },
  {
    name: "rules why",
    args: "ID",
    summary: "why a rule does not fire, or did not: each trigger and condition as it is, or as it was",
    options: {
      at: {
        type: "string",
        value: "TIME",
        help: "2026-01-05T12:00:00Z, 07:30, or so long ago: 2h (default: now)",
      },
    },
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-rule-trace.ts")).rulesWhy,
  },
  {
    name: "rules show",
    args: "ID",
    summary: "print a rule as its author wrote it",
    options: { version: { type: "string", value: "N", help: "as it was in this version" } },
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-rule-edit.ts")).rulesShow,
  },
  {
    name: "rules add",
    args: "FILE",
    summary: "add a rule, or a list of them, from a YAML file (- for standard input)",
    options: {
      file: { type: "string", value: "NAME", help: "rule file that they go to (default: rules.yaml)" },
    },
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-rule-edit.ts")).rulesAdd,
  },
  {
    name: "rules put",
    args: "ID FILE",
    summary: "change a rule to what a YAML file says (- for standard input)",
    minArgs: 2,
    maxArgs: 2,
    load: async () => (await import("./commands-rule-edit.ts")).rulesPut,
  },
  {
    name: "rules edit",
    args: "ID",
    summary: "change a rule in your editor ($VISUAL, $EDITOR); it is checked before it is kept",
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-rule-edit.ts")).rulesEdit,
  },
  {
    name: "rules remove",
    args: "ID",
    summary: "remove a rule; its versions stay",
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-rule-edit.ts")).rulesRemove,
  },
  {
    name: "rules enable",
    args: "ID",
    summary: "switch a rule on",
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-rule-edit.ts")).rulesEnable,
  },
  {
    name: "rules disable",
    args: "ID",
    summary: "switch a rule off",
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-rule-edit.ts")).rulesDisable,
  },
  {
    name: "rules run",
    args: "ID",
    summary: "run a rule now, if its conditions hold; exit code 1 when it did not begin",
    options: {
      force: { type: "boolean", help: "do not ask its conditions" },
      variables: { type: "string", value: "JSON", help: 'variables for it: {"minutes": 5}' },
    },
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-rule-control.ts")).rulesRun,
  },
  {
    name: "rules cancel",
    args: "ID",
    summary: "end the runs of a rule that are under way, where they are",
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-rule-control.ts")).rulesCancel,
  },
  {
    name: "rules resume",
    args: "ID",
    summary: "end a pause that a guard made",
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-rule-control.ts")).rulesResume,
  },
  {
    name: "rules versions",
    args: "[ID|FILE]",
    summary: "who changed the rules, when and how, newest first; * is what the file says now",
    options: {
      last: { type: "string", short: "n", value: "N", help: "so many of the newest (default: 20)" },
    },
    maxArgs: 1,
    load: async () => (await import("./commands-rule-versions.ts")).rulesVersions,
  },
  {
    name: "rules diff",
    args: "ID|FILE [A] [B]",
    summary: "what the last change did, or the way from version A to now or to B",
    minArgs: 1,
    maxArgs: 3,
    load: async () => (await import("./commands-rule-versions.ts")).rulesDiff,
  },
  {
    name: "rules rollback",
    args: "ID|FILE VERSION",
    summary: "make a rule, or a whole file, what it was in a version",
    minArgs: 2,
    maxArgs: 2,
    load: async () => (await import("./commands-rule-versions.ts")).rulesRollback,
  },
];
