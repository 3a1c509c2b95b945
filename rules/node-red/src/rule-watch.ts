import { freshTraces } from "./fresh-traces.ts";
import type { Gateway, Notice } from "./gateway.ts";
import type { RuleInfo } from "./live-message.ts";
import { type Fields, fields, list } from "./outside.ts";

/** Rules that fire all the time are asked for no more often. In milliseconds. */
const PAUSE_MS = 200;
/** Before a question that got no answer is asked again. In milliseconds. */
const AGAIN_MS = 1_000;
const MOST_RULES = 1_000;

export interface Evaluation {
  readonly rule: RuleInfo;
  /** As the gateway tells it: time, trigger, what was seen, outcome, checks. */
  readonly trace: Fields;
  /** Others before it were too many for the gateway to keep. */
  readonly gap: boolean;
}

interface Watched {
  known: readonly string[];
  busy: boolean;
  again: boolean;
}

/**
 * The evaluations of rules, each of them once. The live socket tells that a rule did something, and its latest
 * evaluation; there may have been others right before, which the list of the rule has.
 */
export class RuleWatch implements Disposable {
  readonly #gateway: Gateway;
  readonly #rule: string | undefined;
  readonly #tell: (evaluation: Evaluation) => void;
  readonly #watched = new Map<string, Watched>();
  readonly #timers = new Set<Disposable>();
  #started = false;
  #closed = false;

  /** @param rule one alone; without it all are watched. */
  constructor(gateway: Gateway, rule: string | undefined, tell: (evaluation: Evaluation) => void) {
    this.#gateway = gateway;
    this.#rule = rule;
    this.#tell = tell;
    if (gateway.mirror.gateway !== undefined) this.#snapshot();
  }

  hear(notice: Notice): void {
    if (notice.kind === "snapshot") this.#snapshot();
    else if (notice.kind !== "change") return;
    else if (notice.change.kind === "rule") this.#look(notice.change.rule);
    else if (notice.change.kind === "rule-removed") this.#watched.delete(notice.change.id);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const timer of this.#timers) timer[Symbol.dispose]();
    this.#timers.clear();
  }

  /** What was evaluated before the node started is no news; what was while the gateway could not be heard is. */
  #snapshot(): void {
    for (const rule of this.#gateway.mirror.rules.values()) this.#look(rule);
    this.#started = true;
  }

  #look(rule: RuleInfo): void {
    if (this.#rule !== undefined && rule.id !== this.#rule) return;
    const latest = rule.lastTrace === undefined ? undefined : JSON.stringify(rule.lastTrace);
    const watched = this.#watched.get(rule.id);
    if (watched === undefined) {
      if (this.#watched.size >= MOST_RULES) return;
      const known = this.#started || latest === undefined ? [] : [latest];
      this.#watched.set(rule.id, { known, busy: false, again: false });
    }
    const entry = this.#watched.get(rule.id);
    if (entry !== undefined && latest !== undefined && latest !== entry.known[0]) void this.#ask(rule, entry);
  }

  async #ask(rule: RuleInfo, watched: Watched): Promise<void> {
    if (watched.busy) {
      watched.again = true;
      return;
    }
    watched.busy = true;
    watched.again = false;
    const { api, mirror, timers } = this.#gateway;
    const answer = await api.call("GET", `/api/v1/rules/${encodeURIComponent(rule.id)}/traces`);
    if (this.#closed) return;
    const unanswered = !answer.ok && answer.passing;
    if (!unanswered) {
      const body = answer.ok ? fields(answer.body) : undefined;
      // Of a rule whose list is refused, the latest evaluation is known all the same.
      const traces = body === undefined ? [rule.lastTrace] : list(body.traces);
      const known = traces.map(fields).filter((trace) => trace !== undefined);
      this.#take(rule, watched, known);
    } else if (this.#gateway.link.state !== "offline") watched.again = true; // Otherwise the next snapshot begins anew.
    const timer = timers.after(unanswered ? AGAIN_MS : PAUSE_MS, () => {
      this.#timers.delete(timer);
      watched.busy = false;
      const now = mirror.rules.get(rule.id);
      if (watched.again && now !== undefined) void this.#ask(now, watched);
    });
    this.#timers.add(timer);
  }

  #take(rule: RuleInfo, watched: Watched, traces: readonly Fields[]): void {
    const { fresh, gap, known } = freshTraces(traces, watched.known);
    watched.known = known;
    for (const [at, trace] of fresh.entries()) this.#tell({ rule, trace, gap: gap && at === 0 });
  }
}
