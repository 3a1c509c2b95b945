import { isJsonObject, type Json, type RuleRunAnswer } from "@tram/protocol";
import type { CommandBody } from "./command.ts";
import { DaemonClient } from "./daemon-client.ts";
import { UsageError } from "./usage-error.ts";

export const rulesRun: CommandBody = async (context) => {
  const { args, options, output } = context;
  const variables = readVariables(options.variables);
  const client = await DaemonClient.of(context);
  const body = {
    ...(variables === undefined ? {} : { variables }),
    ...(options.force === true ? { unconditionally: true } : {}),
  };
  const { body: answer } = await client.call("POST", pathOf(args, "run"), body);
  const { detail, outcome, run } = answer as unknown as RuleRunAnswer;
  const began = outcome === "fired";
  output.show(answer, () => {
    const what = run === undefined ? "" : ` ${output.style("dim", `(${run})`)}`;
    output.line(
      `${output.style(began ? "green" : "red", outcome)}${what}${detail === undefined ? "" : `: ${detail}`}`,
    );
  });
  return began ? 0 : 1;
};

export const rulesCancel: CommandBody = hand("cancel", "cancelled");
export const rulesResume: CommandBody = hand("resume", "resumed");

function hand(word: string, done: string): CommandBody {
  return async (context) => {
    const { args, output } = context;
    const client = await DaemonClient.of(context);
    await client.call("POST", pathOf(args, word));
    output.show({ state: done }, () => output.line(done));
    return 0;
  };
}

function pathOf([id = ""]: readonly string[], word: string): string {
  return `/api/v1/rules/${encodeURIComponent(id)}/${word}`;
}

function readVariables(option: string | boolean | undefined): Readonly<Record<string, Json>> | undefined {
  if (typeof option !== "string") return undefined;
  try {
    const value = JSON.parse(option) as Json;
    if (isJsonObject(value)) return value;
  } catch {
    // Told below.
  }
  throw new UsageError(`--variables: expected a JSON object, found ${option.slice(0, 80)}`);
}
