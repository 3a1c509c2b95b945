import type { Clock, Commands, Log } from "@tram/core";
import type { GatewayView, Ms } from "@tram/protocol";
import type { RuleHouse } from "./rules/rule-house.ts";

type Problems = GatewayView["problems"];

const LOOK_MS: Ms = 1_000;

export interface RestartWatchParts {
  readonly clock: Pick<Clock, "every">;
  readonly commands: Pick<Commands, "pending">;
  readonly rules: Pick<RuleHouse, "underWay">;
  readonly log: Log;
  /** The data folder, for people. */
  readonly data: string;
  /** Resolves when only a new start can take up what the disk holds, with what people must know then. */
  readonly stale: Promise<Problems>;
  /** Told when `problems` changed. */
  readonly onChange: () => void;
}

/**
 * Waits for the moment at which the gateway may start anew, because the disk came back with something that this run has
 * not read. What the house holds in memory is forgotten then: no rule may be in the middle of something (a valve that
 * it opened and has yet to close), and no command under way.
 */
export class RestartWatch implements Disposable {
  readonly #parts: RestartWatchParts;
  /** Resolves when the gateway should be stopped and started anew, with what people must know then. */
  readonly due: Promise<Problems>;
  #looking: Disposable | undefined;
  #disposed = false;

  constructor(parts: RestartWatchParts) {
    this.#parts = parts;
    this.due = new Promise((resolve) => {
      void parts.stale.then((problems) => {
        if (!this.#disposed) this.#wait(() => resolve(problems));
      });
    });
  }

  /** That a new start is waited for, and what for. */
  get problems(): Problems {
    if (this.#looking === undefined) return [];
    const { rules, commands, data } = this.#parts;
    const what = [
      ...rules.underWay.map((id) => `the rule ${id}`),
      ...(commands.pending > 0 ? ["a command"] : []),
    ];
    const problem = `the data folder can be written again, but holds a database that this run has not read: the gateway starts anew when nothing is under way (now: ${what.join(", ") || "nothing"}). Restart it yourself to have it at once.`;
    return [{ code: "restart", where: data, problem }];
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#looking?.[Symbol.dispose]();
  }

  #wait(due: () => void): void {
    const { clock, rules, commands, log, onChange } = this.#parts;
    this.#looking = clock.every(LOOK_MS, () => {
      if (rules.underWay.length > 0 || commands.pending > 0) return;
      this.#looking?.[Symbol.dispose]();
      due();
    });
    log.warn(
      { rules: [...rules.underWay], commands: commands.pending },
      "the disk came back with another database: waiting for a quiet moment to start anew",
    );
    onChange();
  }
}
