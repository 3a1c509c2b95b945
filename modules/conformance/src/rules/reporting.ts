import type { HostProblem } from "@tram/testkit";
import { jsonProblem } from "@tram/testkit";
import { type Rule, violation } from "../rule.ts";
import { Trial } from "../trial.ts";

export const announcesFirstRule: Rule = {
  id: "announces-first",
  title: "announces valid Things, each before its first reading",
  async check(subject) {
    await using trial = await Trial.open(subject);
    await trial.settle();
    refuseProblems(trial, ["invalid-thing"]);
    if (trial.host.things.size === 0) violation("no Thing was announced");
    const announced = new Set<string>();
    for (const call of trial.host.calls) {
      if (call.call === "announce") announced.add(call.thing.id);
      if (call.call === "emit" && !announced.has(call.event.thing)) {
        violation(
          `${call.event.thing}/${call.event.event} was emitted before ${call.event.thing} was announced`,
        );
      }
      if (call.call !== "report") continue;
      const early = call.readings.find(({ thing }) => !announced.has(thing));
      if (early !== undefined) {
        violation(`${early.thing}/${early.property} was reported before ${early.thing} was announced`);
      }
    }
  },
};

export const readingsFitRule: Rule = {
  id: "readings-fit",
  title: "reports only properties that its Things describe, with values that fit",
  async check(subject) {
    await using trial = await Trial.open(subject);
    await trial.settle();
    refuseProblems(trial, ["unknown-thing", "unknown-property", "invalid-value"]);
    for (const { thing, property, time } of trial.host.readings) {
      if (time !== undefined && !(Number.isFinite(time) && time >= 0)) {
        violation(`${thing}/${property}: time: expected milliseconds since 1970, found ${time}`);
      }
    }
  },
};

export const eventsFitRule: Rule = {
  id: "events-fit",
  title: "emits only events that its Things describe, with data that fit",
  async check(subject) {
    await using trial = await Trial.open(subject);
    await trial.settle();
    // What people do to a device is often what it has to tell of.
    for (const command of subject.options.commands ?? []) {
      trial.send(command);
      await trial.pass(trial.settleMs);
    }
    const found = trial.host.problems.find(({ call }) => call === "emit");
    if (found !== undefined) violation(`emit: ${found.problem}`);
    for (const { thing, event, time } of trial.host.events) {
      if (time !== undefined && !(Number.isFinite(time) && time >= 0)) {
        violation(`${thing}/${event}: time: expected milliseconds since 1970, found ${time}`);
      }
    }
  },
};

export const crossesProcessesRule: Rule = {
  id: "crosses-processes",
  title: "passes only plain JSON values across its border, so that it also runs in a child process",
  async check(subject) {
    await using trial = await Trial.open(subject);
    await trial.settle();
    for (const command of subject.options.commands ?? []) {
      const { outcome } = trial.send(command);
      await trial.pass(trial.commandTimeoutMs, () => outcome.settled);
      const problem = outcome.value === undefined ? undefined : jsonProblem(outcome.value, "execute()");
      if (problem !== undefined) violation(problem);
      await trial.pass(trial.settleMs);
    }
    refuseProblems(trial, ["not-cloneable", "not-json"]);
  },
};

function refuseProblems<Config>(trial: Trial<Config>, kinds: readonly HostProblem["kind"][]): void {
  const found = trial.host.problems.find(({ kind }) => kinds.includes(kind));
  if (found !== undefined) violation(`${found.call}: ${found.problem}`);
}
