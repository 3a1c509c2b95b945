import type { ExecuteResult, Session } from "@tram/module-sdk";
import type { CommandId, Json, Ms, PropertyKey, ThingId } from "@tram/protocol";
import { type HostCall, RecordingHost } from "@tram/testkit";
import {
  type CommandExample,
  DEFAULT_COMMAND_TIMEOUT_MS,
  DEFAULT_SETTLE_MS,
  messageOf,
  type Subject,
  violation,
} from "./rule.ts";
import { Outcome, pass } from "./virtual-time.ts";

/** What the gateway's supervisor allows for opening and closing. */
export const OPEN_MS: Ms = 30_000;
export const CLOSE_MS: Ms = 5_000;

export interface Opening<Config> {
  readonly host: RecordingHost<Config>;
  readonly stop: AbortController;
  readonly outcome: Outcome<Session>;
}

/** Calls `open` on a fresh host, and does not wait. */
export function startOpening<Config>(
  { definition, options }: Subject<Config>,
  prepare: {
    readonly store?: Map<string, Json>;
    readonly before?: (host: RecordingHost<Config>, stop: AbortController) => void;
  } = {},
): Opening<Config> {
  const stop = new AbortController();
  const host = new RecordingHost<Config>(structuredClone(options.config), {
    signal: stop.signal,
    ...(prepare.store === undefined ? {} : { store: prepare.store }),
  });
  prepare.before?.(host, stop);
  return { host, stop, outcome: new Outcome(openOf(() => definition.open(host, stop.signal))) };
}

/** A module that throws instead of rejecting is treated alike: the supervisor does so too. */
async function openOf(open: () => Promise<Session>): Promise<Session> {
  return open();
}

/** A module that is open on a recording host. */
export class Trial<Config> {
  readonly host: RecordingHost<Config>;
  readonly stop: AbortController;
  readonly session: Session;
  readonly closed: Outcome<void>;
  readonly #subject: Subject<Config>;
  #spokenAtEnd: number | undefined;
  #commands = 0;

  private constructor(subject: Subject<Config>, opening: Opening<Config>, session: Session) {
    this.#subject = subject;
    this.host = opening.host;
    this.stop = opening.stop;
    this.session = session;
    this.closed = new Outcome(Promise.resolve(session.closed));
  }

  /** Opens the module and lets virtual time pass until it is open. */
  static async open<Config>(
    subject: Subject<Config>,
    options: { readonly store?: Map<string, Json> } = {},
  ): Promise<Trial<Config>> {
    const opening = startOpening(subject, options);
    await pass(opening.host.clock, OPEN_MS, () => opening.outcome.settled);
    const { is, reason, value } = opening.outcome;
    if (is === "pending") violation(`open() did not settle within ${OPEN_MS / 1_000} s of virtual time`);
    if (is === "rejected") violation(`open() rejected: ${messageOf(reason)}`, reason);
    if (typeof value !== "object" || value === null) violation("open() returned no session");
    const trial = new Trial(subject, opening, value);
    await trial.stimulate();
    return trial;
  }

  get settleMs(): Ms {
    return this.#subject.options.settleMs ?? DEFAULT_SETTLE_MS;
  }

  get commandTimeoutMs(): Ms {
    return this.#subject.options.commandTimeoutMs ?? DEFAULT_COMMAND_TIMEOUT_MS;
  }

  /** Calls that say something about devices; a last word in the log is always allowed. */
  get spoken(): readonly HostCall[] {
    return this.host.calls.filter(({ call }) => call !== "log");
  }

  /** The first of these after the session was disposed. */
  get spokenTooLate(): HostCall | undefined {
    return this.#spokenAtEnd === undefined ? undefined : this.spoken[this.#spokenAtEnd];
  }

  async stimulate(): Promise<void> {
    await this.#subject.options.stimulate?.();
  }

  /** Lets virtual time pass. @returns whether `until` was true in the end. */
  pass(durationMs: Ms, until?: () => boolean): Promise<boolean> {
    return pass(this.host.clock, durationMs, until);
  }

  /** Lets the module report, and insists that it does, because a silent module proves nothing. */
  async settle(): Promise<void> {
    await this.pass(this.settleMs);
    if (this.host.calls.some(({ call }) => call === "report")) return;
    violation(
      `nothing was reported within ${this.settleMs / 1_000} s of virtual time: give the module a (fake) device, ` +
        "make it speak with `stimulate`, or raise `settleMs`",
    );
  }

  /** Hands a command to the module, without waiting for the outcome. */
  send(example: CommandExample): { readonly id: CommandId; readonly outcome: Outcome<ExecuteResult> } {
    const execute = this.session.execute?.bind(this.session);
    if (execute === undefined) violation("its Things take commands, and the session has no execute()");
    const id = `conformance-${++this.#commands}` as CommandId;
    const command = structuredClone({
      id,
      thing: example.thing as ThingId,
      target: example.target as { property: PropertyKey } | { action: string },
      value: example.value,
      timeoutMs: this.commandTimeoutMs,
    });
    const carriedOut = async (): Promise<ExecuteResult> => execute(command, this.stop.signal);
    return { id, outcome: new Outcome(carriedOut()) };
  }

  /** Disposes the session. @returns how that went, after at most the time that the supervisor allows. */
  async dispose(): Promise<Outcome<void>> {
    const outcome = new Outcome(this.#disposeOnce());
    await this.pass(CLOSE_MS, () => outcome.settled);
    return outcome;
  }

  /** Puts the module away after a check, as well as it lets itself; how it does is judged by a rule of its own. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stop.abort(new Error("the check has ended"));
    if (this.#spokenAtEnd === undefined) await this.dispose();
  }

  async #disposeOnce(): Promise<void> {
    try {
      await this.session[Symbol.asyncDispose]();
    } finally {
      this.#spokenAtEnd ??= this.spoken.length;
    }
  }
}
