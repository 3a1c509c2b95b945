import type { ExecuteResult } from "@tram/module-sdk";
import {
  checkValue,
  type Json,
  jsonEqual,
  type PropertyAffordance,
  type PropertyKey,
  type Thing,
  type ThingId,
} from "@tram/protocol";
import { type CommandExample, messageOf, type Rule, violation } from "../rule.ts";
import { Trial } from "../trial.ts";

export const rejectsUnknownRule: Rule = {
  id: "rejects-unknown",
  title: "answers a command to something it does not have with `rejected` and a reason",
  async check(subject) {
    await using trial = await Trial.open(subject);
    await trial.settle();
    const things = [...trial.host.things.values()];
    if (trial.session.execute === undefined && !things.some(takesCommands)) return;
    const known = things[0]?.id ?? "no-such-thing";
    const wrong: readonly [string, CommandExample][] = [
      ["an unknown Thing", { thing: "no-such-thing", target: { property: "no-such/property" }, value: true }],
      ["an unknown property", { thing: known, target: { property: "no-such/property" }, value: true }],
      ["an unknown action", { thing: known, target: { action: "no-such-action" }, value: null }],
    ];
    for (const [what, example] of wrong) {
      const result = await resultOf(trial, example, what);
      if (result.outcome !== "rejected") violation(`a command to ${what} is ${result.outcome}, not rejected`);
      if (typeof result.reason !== "string" || result.reason === "") {
        violation(`a command to ${what} is rejected without a reason`);
      }
    }
  },
};

export const answersCommandsRule: Rule = {
  id: "answers-commands",
  title: "confirms a command, or reports the read-back with the command as its cause",
  async check(subject) {
    await using trial = await Trial.open(subject);
    await trial.settle();
    const commands = subject.options.commands ?? [];
    const things = [...trial.host.things.values()];
    if (commands.length === 0 && things.some(takesCommands)) {
      violation("its Things take commands: give at least one valid one in options.commands");
    }
    for (const command of commands) await answer(trial, command);
  },
};

async function answer<Config>(trial: Trial<Config>, command: CommandExample): Promise<void> {
  const what = describe(command);
  const from = trial.host.readings.length;
  const { id, outcome } = trial.send(command);
  await trial.pass(trial.commandTimeoutMs, () => outcome.settled);
  const result = judged(outcome.is, outcome.value, outcome.reason, what);
  if (result.outcome === "rejected") violation(`${what} is rejected: ${result.reason}`);
  if (result.outcome === "confirmed" || !("property" in command.target)) return;
  const { property } = command.target;
  const affordance = trial.host.things.get(command.thing as ThingId)?.properties[property as PropertyKey];
  if (affordance === undefined) violation(`${what} was sent, and no such property is announced`);
  if (affordance.writeOnly === true) return;
  const wanted = rounded(affordance, command.value);
  const readBack = () =>
    trial.host.readings
      .slice(from)
      .find(
        (reading) =>
          reading.thing === command.thing &&
          reading.property === property &&
          reading.cause?.commandId === id &&
          jsonEqual(reading.value, wanted),
      );
  await trial.pass(trial.commandTimeoutMs, () => readBack() !== undefined);
  const seen = readBack();
  if (seen === undefined) {
    const last = trial.host.readings
      .slice(from)
      .findLast((r) => r.thing === command.thing && r.property === property);
    const found =
      last === undefined
        ? "no reading of it came"
        : `found ${JSON.stringify(last.value)} with the cause ${JSON.stringify(last.cause) ?? "(none)"}`;
    violation(
      `${what} was sent: expected a reading of ${JSON.stringify(wanted)} with the cause ${id} within ` +
        `${trial.commandTimeoutMs / 1_000} s, ${found}`,
    );
  }
  const depth = seen.cause?.depth;
  if (depth === undefined || !Number.isInteger(depth) || depth < 1) {
    violation(`${what}: cause.depth: expected an integer of at least 1, found ${depth}`);
  }
}

async function resultOf<Config>(
  trial: Trial<Config>,
  example: CommandExample,
  what: string,
): Promise<ExecuteResult> {
  const { outcome } = trial.send(example);
  await trial.pass(trial.commandTimeoutMs, () => outcome.settled);
  return judged(outcome.is, outcome.value, outcome.reason, `a command to ${what}`);
}

function judged(
  is: "pending" | "resolved" | "rejected",
  result: ExecuteResult | undefined,
  reason: unknown,
  what: string,
): ExecuteResult {
  if (is === "pending") violation(`execute() did not settle in time for ${what}`);
  if (is === "rejected") {
    violation(
      `execute() threw for ${what}; a refusal is a result, not an error: ${messageOf(reason)}`,
      reason,
    );
  }
  if (result === undefined || !["sent", "confirmed", "rejected"].includes(result.outcome)) {
    violation(`execute() returned no outcome for ${what}: ${JSON.stringify(result)}`);
  }
  return result;
}

function takesCommands(thing: Thing): boolean {
  return (
    Object.values(thing.properties).some(({ readOnly }) => readOnly !== true) ||
    Object.keys(thing.actions ?? {}).length > 0
  );
}

function rounded(affordance: PropertyAffordance, value: Json): Json {
  const checked = checkValue(affordance, value);
  return checked.ok ? checked.value : value;
}

function describe({ thing, target, value }: CommandExample): string {
  const name = "property" in target ? target.property : target.action;
  return `${thing}/${name} = ${JSON.stringify(value)}`;
}
