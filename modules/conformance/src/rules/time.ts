import type { Ms } from "@tram/protocol";
import { watchRealTime } from "../real-time-watch.ts";
import { type Rule, violation } from "../rule.ts";
import { Trial } from "../trial.ts";
import { turn } from "../virtual-time.ts";

/** How long the virtual clock stands still while the module is watched, in real time. */
const STANDSTILL_MS: Ms = 30;

export const gatewayClockRule: Rule = {
  id: "gateway-clock",
  title: "knows no time but the gateway's clock",
  async check(subject) {
    const uses: string[] = [];
    let moved: string | undefined;
    let failure: unknown;
    try {
      await watchRealTime(
        async () => {
          await using trial = await Trial.open(subject);
          await trial.settle();
          for (const command of subject.options.commands ?? []) {
            const { outcome } = trial.send(command);
            await trial.pass(trial.commandTimeoutMs, () => outcome.settled);
            await trial.pass(trial.settleMs);
          }
          const before = trial.host.calls.length;
          await standStill();
          moved = trial.host.calls[before]?.call;
        },
        (use) => void uses.push(use),
      );
    } catch (error) {
      failure = error;
    }
    // A module that waits for real time also fails to open in virtual time: the cause is told first.
    if (uses.length > 0) violation(`it asks the machine for the time: ${uses.join("; ")}`, failure);
    if (failure !== undefined) throw failure;
    if (moved !== undefined) violation(`the clock stood still, and it called ${moved} all the same`);
  },
};

/** Real time passes and virtual time does not. This has to be real: it looks for timers that nothing else sees. */
async function standStill(): Promise<void> {
  const end = process.hrtime.bigint() + BigInt(STANDSTILL_MS) * 1_000_000n;
  while (process.hrtime.bigint() < end) await turn();
}
