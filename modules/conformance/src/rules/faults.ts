import { HostError, type HostErrorCode } from "@tram/module-sdk";
import { messageOf, type Rule, type Subject, violation } from "../rule.ts";
import { Trial } from "../trial.ts";
import { unhandledRejections } from "../unhandled-rejections.ts";

export const survivesRefusalRule: Rule = {
  id: "survives-refusal",
  title: "outlives reports that the gateway refuses, and reports again when it takes them",
  async check(subject) {
    for (const code of ["not-stored", "flooding"] as const) {
      const unhandled = await unhandledRejections(() => surviveRefusal(subject, code));
      if (unhandled.length > 0) {
        violation(
          `a report refused with ${code} was not handled, which would end the process: ${messageOf(unhandled[0])}`,
          unhandled[0],
        );
      }
    }
  },
};

async function surviveRefusal<Config>(subject: Subject<Config>, code: HostErrorCode): Promise<void> {
  await using trial = await Trial.open(subject);
  await trial.settle();
  const reportsBefore = reports(trial);
  trial.host.failReportsWith(new HostError(code, "refused by the conformance kit"));
  await trial.stimulate();
  for (const command of subject.options.commands ?? []) trial.send(command);
  await trial.pass(trial.settleMs);
  if (reports(trial) === reportsBefore) {
    violation(
      `nothing was reported within ${trial.settleMs / 1_000} s of virtual time, so nothing could be refused`,
    );
  }
  if (trial.closed.is === "resolved") violation(`after ${code} the session closed without a reason`);
  if (trial.closed.is === "rejected") {
    if (!(trial.closed.reason instanceof Error) || trial.closed.reason.message === "") {
      violation(`after ${code} the session closed with something that says no reason`);
    }
    return;
  }
  const keptBefore = trial.host.readings.length;
  trial.host.failReportsWith(undefined);
  await trial.stimulate();
  if (!(await trial.pass(trial.settleMs, () => trial.host.readings.length > keptBefore))) {
    violation(`after ${code} the session stayed open and never reported again`);
  }
}

function reports<Config>(trial: Trial<Config>): number {
  return trial.host.calls.filter(({ call }) => call === "report").length;
}
