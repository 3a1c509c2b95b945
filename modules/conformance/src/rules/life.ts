import type { RecordingHost } from "@tram/testkit";
import { messageOf, type Rule, type Subject, violation } from "../rule.ts";
import { CLOSE_MS, startOpening, Trial } from "../trial.ts";
import { unhandledRejections } from "../unhandled-rejections.ts";
import { Outcome, pass } from "../virtual-time.ts";

/** How soon `open` must settle after its signal aborted, in milliseconds of virtual time. */
const ABORT_MS = 1_000;

/** When the supervisor gives up. */
const ABORTS: readonly {
  readonly when: string;
  readonly before?: (host: RecordingHost, stop: AbortController) => void;
  readonly afterMs: number;
}[] = [
  { when: "before open()", before: (_host, stop) => stop.abort(new Error("the gateway stops")), afterMs: 0 },
  { when: "while the gateway keeps a call waiting", before: (host) => host.hold(), afterMs: 0 },
  { when: "at once", afterMs: 0 },
  { when: "after a moment", afterMs: 50 },
];

export const abortsOpenRule: Rule = {
  id: "aborts-open",
  title: "gives up opening soon after the signal aborts",
  async check(subject) {
    for (const { when, before, afterMs } of ABORTS) {
      const unhandled = await unhandledRejections(() => abortOpening(subject, when, before, afterMs));
      if (unhandled.length > 0) {
        violation(`aborted ${when}: a rejection was not handled: ${messageOf(unhandled[0])}`, unhandled[0]);
      }
    }
  },
};

async function abortOpening<Config>(
  subject: Subject<Config>,
  when: string,
  before: ((host: RecordingHost, stop: AbortController) => void) | undefined,
  afterMs: number,
): Promise<void> {
  const { host, stop, outcome } = startOpening(subject, before === undefined ? {} : { before });
  if (afterMs > 0) await pass(host.clock, afterMs);
  stop.abort(new Error("the gateway stops"));
  if (!(await pass(host.clock, ABORT_MS, () => outcome.settled))) {
    violation(`aborted ${when}, open() did not settle within ${ABORT_MS / 1_000} s`);
  }
  // It may have been quicker than the abort: the supervisor then disposes what it got.
  const session = outcome.value;
  if (session !== undefined) {
    const closed = new Outcome(session.closed);
    const disposed = new Outcome(session[Symbol.asyncDispose]());
    await pass(host.clock, CLOSE_MS, () => disposed.settled);
    if (closed.is === "rejected" && !(closed.reason instanceof Error)) {
      violation(`aborted ${when}, the session closed with something that says no reason`);
    }
  }
  if (host.clock.pending > 0) violation(`aborted ${when}, it left ${host.clock.pending} timers running`);
}

export const letsGoRule: Rule = {
  id: "lets-go",
  title: "lets go of everything when it is disposed, also twice, and says nothing afterwards",
  async check(subject) {
    for (const abortFirst of [false, true]) {
      const how = abortFirst ? "aborted and disposed" : "disposed";
      const unhandled = await unhandledRejections(() => letGo(subject, abortFirst, how));
      if (unhandled.length > 0) {
        violation(`${how}: a rejection was not handled: ${messageOf(unhandled[0])}`, unhandled[0]);
      }
    }
  },
};

async function letGo<Config>(subject: Subject<Config>, abortFirst: boolean, how: string): Promise<void> {
  await using trial = await Trial.open(subject);
  await trial.settle();
  // Commands that are under way at the end are the usual reason for a word after the last one.
  for (const command of subject.options.commands ?? []) trial.send(command);
  if (abortFirst) trial.stop.abort(new Error("the gateway stops"));
  for (const time of ["", " a second time"]) {
    const disposed = await trial.dispose();
    if (disposed.is === "pending") violation(`${how}${time}: not done within ${CLOSE_MS / 1_000} s`);
    if (disposed.is === "rejected") {
      violation(`${how}${time}: rejected: ${messageOf(disposed.reason)}`, disposed.reason);
    }
  }
  if (trial.host.clock.pending > 0) violation(`${how}, it left ${trial.host.clock.pending} timers running`);
  await trial.stimulate();
  await trial.pass(trial.settleMs);
  const late = trial.spokenTooLate;
  if (late !== undefined) violation(`${how}, it called ${late.call} afterwards`);
}

export const opensAgainRule: Rule = {
  id: "opens-again",
  title: "opens again after it was closed, on the same store and on an empty one",
  async check(subject) {
    const first = await Trial.open(subject);
    let things: readonly string[];
    {
      await using trial = first;
      await trial.settle();
      things = [...trial.host.things.keys()].sort();
      for (const command of subject.options.commands ?? []) {
        const { outcome } = trial.send(command);
        await trial.pass(trial.commandTimeoutMs, () => outcome.settled);
      }
    }
    await openOnce(subject, "an empty store", new Map(), things);
    await openOnce(subject, "the same store", first.host.stored, things);
    const late = first.spokenTooLate;
    if (late !== undefined) violation(`opened again, it called ${late.call} of its first host`);
  },
};

async function openOnce<Config>(
  subject: Subject<Config>,
  where: string,
  store: RecordingHost["stored"],
  things: readonly string[],
): Promise<void> {
  await using trial = await Trial.open(subject, { store }).catch((error: unknown) =>
    violation(`opened again on ${where}: ${messageOf(error)}`, error),
  );
  await trial.pass(trial.settleMs);
  const now = [...trial.host.things.keys()].sort();
  if (now.join() !== things.join()) {
    violation(`opened again on ${where}, it announced [${now.join(", ")}] instead of [${things.join(", ")}]`);
  }
  if (trial.host.readings.length === 0) violation(`opened again on ${where}, it reported nothing`);
}
