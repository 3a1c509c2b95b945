import type { CliCommand, OptionSpec } from "./command.ts";

const THINGS_OPTION: Readonly<Record<string, OptionSpec>> = {
  things: {
    type: "string",
    value: "FILE",
    help: "Things from `things --json` or `things export` (default: those of the gateway, if one runs)",
  },
};

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
    summary: "check rule files (or those of the gateway), with the path of each problem",
    load: async () => (await import("./commands-rules.ts")).rulesCheck,
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
    load: async () => (await import("./commands-rehearsal.ts")).rulesTest,
  },
  {
    name: "rules trace",
    args: "ID",
    summary: "why a rule fired, or did not: its latest evaluations, newest first",
    minArgs: 1,
    maxArgs: 1,
    load: async () => (await import("./commands-rules.ts")).rulesTrace,
  },
];
