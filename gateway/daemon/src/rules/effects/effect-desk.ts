import type { Bus, Clock, Commands, Log, Registry, Store, Transactions, Unit } from "@tram/core";
import {
  COMMAND_LIMITS,
  type Command,
  type CommandEffect,
  type CommandRequest,
  type Instant,
  type Json,
  type Ms,
  type Reading,
  type RuleId,
} from "@tram/protocol";
import type { Effect, Outcome, RuleEvent } from "@tram/rules";
import type { Carriers } from "./carriers.ts";
import { EFFECTS, type EffectRow, isTooLate, type Outgoing, readEffectRow } from "./effect-row.ts";
import type { EffectTold } from "./effect-told.ts";
import { smsRequest } from "./sms.ts";

/** Effects under way that are no commands: of all rules, of one; and what they say, in characters. */
export const PENDING_EFFECTS = { all: 500, perRule: 100, characters: 2_000_000 } as const;
/**
 * An outcome that was known at once is told after so long: a rule that tries again without a pause must not keep the
 * flash busy.
 */
export const REFUSED_MS: Ms = 500;

export interface EffectDeskParts {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
  readonly registry: Pick<Registry, "records">;
  readonly commands: Pick<Commands, "submit" | "get">;
  readonly transactions: Pick<Transactions, "record">;
  readonly carriers: Pick<Carriers, "refusal" | "carry">;
  readonly told: EffectTold;
  /** Lets the run go on that waits for an effect. */
  readonly resume: (event: Extract<RuleEvent, { kind: "outcome" }>, unit: Unit) => void;
}

/**
 * Does what rules decided. The intent is kept in the same unit as the states of the rules, it is carried out after the
 * commit, and it is forgotten when its outcome is known. After a crash it is done again where that does no harm;
 * otherwise nobody knows what became of it, and that is what is told.
 *
 * Property writes, actions and SMS are commands: their intent is the command's own row, which the command service takes
 * up by itself.
 */
export class EffectDesk implements Disposable {
  readonly #parts: EffectDeskParts;
  readonly #stop = new AbortController();
  readonly #pending = new Map<string, EffectRow>();
  /** When a command was submitted, by the effect; forgotten with the process. */
  readonly #begun = new Map<string, Ms>();
  /** Decided before the ways out were open. */
  #held: string[] | undefined = [];
  /** Effects are just taken: what comes back meanwhile must not go round in a circle. */
  #taking = false;

  constructor(parts: EffectDeskParts) {
    this.#parts = parts;
  }

  /** Effects under way that are no commands. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Loads what was under way when the gateway stopped. Call `takeUp` next, when the rules have their states. */
  async restore(store: Store): Promise<void> {
    for (const [key, stored] of await store.entries(EFFECTS)) {
      const row = readEffectRow(stored);
      if (row === undefined) {
        this.#parts.log.warn({ effect: key }, "a kept effect of a rule could not be read");
        await this.#parts.transactions.record((unit) => unit.delete(EFFECTS, key));
      } else this.#pending.set(key, row);
    }
  }

  /** Tells of what was lost in a crash; what may be done twice is done once the ways out are open. */
  takeUp(unit: Unit): void {
    const now = this.#parts.clock.instant();
    // What follows from it is pending too from then on, and was not interrupted.
    for (const [key, row] of [...this.#pending]) {
      if (!row.effect.retry) {
        const detail = "the gateway restarted before the outcome was known";
        this.#settle(key, row, { state: "unknown", detail }, unit);
      } else if (isTooLate(row, now)) {
        this.#settle(key, row, { state: "expired", detail: "the gateway was off for too long" }, unit);
      } else this.#held?.push(key);
    }
  }

  /** The broker is there, and so are the modules: what was decided until now goes out. */
  open(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const key of held) this.#begin(key);
  }

  [Symbol.dispose](): void {
    this.#stop.abort();
  }

  /** Takes effects that belong into the unit. @param event what the rules decided them on. */
  take(effects: readonly Effect[], event: RuleEvent, unit: Unit): void {
    if (effects.length === 0) return;
    this.#taking = true;
    try {
      for (const effect of effects) this.#take(effect, event, unit);
    } finally {
      this.#taking = false;
    }
  }

  /** What became of a command. Its end is kept in the same unit as what its rule makes of it. */
  onCommand(command: Command, unit: Unit): void {
    const { effect, endedAt, origin, state, submittedAt } = command;
    if (effect === undefined || endedAt === undefined || !origin.startsWith("rule:")) return;
    const { clock, told } = this.#parts;
    const rule = origin.slice("rule:".length) as RuleId;
    const { code, reason } = command;
    const outcome: Outcome = {
      state: code === "unknown-outcome" ? "unknown" : state,
      ...(reason === undefined ? {} : { detail: reason }),
    };
    const began = this.#begun.get(effect.id);
    this.#begun.delete(effect.id);
    const tookMs = began === undefined ? Math.max(0, endedAt - submittedAt) : clock.monotonic() - began;
    told.onOutcome(rule, effect.id, outcome, tookMs);
    if (effect.awaited !== true) return;
    if (this.#taking) this.#resumeLater(rule, effect.id, outcome);
    else this.#parts.resume({ kind: "outcome", rule, effect: effect.id, outcome }, unit);
  }

  /** The rules whose commands led to a reading. */
  chainOf({ cause }: Reading): readonly RuleId[] | undefined {
    return cause === undefined ? undefined : this.#parts.commands.get(cause.commandId)?.effect?.chain;
  }

  #take(effect: Effect, event: RuleEvent, unit: Unit): void {
    switch (effect.kind) {
      case "set":
      case "invoke": {
        const { thing } = effect;
        const isSet = effect.kind === "set";
        this.#submit(
          effect,
          isSet
            ? { thing, target: { property: effect.property }, value: effect.value }
            : { thing, target: { action: effect.action }, value: effect.input },
          { event, unit, retry: !isSet && effect.retry },
        );
        return;
      }
      case "notify":
        this.#notify(effect, event, unit);
        return;
      case "publish":
      case "http":
        this.#intend(effect.id, effect, unit);
    }
  }

  #submit(
    { awaited, chain, id, rule, ...effect }: Effect,
    request: Pick<CommandRequest, "thing" | "target" | "value" | "ttlMs">,
    { event, retry, unit }: { readonly event: RuleEvent; readonly retry: boolean; readonly unit: Unit },
  ): void {
    const { clock, commands } = this.#parts;
    const tie: CommandEffect = {
      id,
      chain,
      ...(awaited ? { awaited } : {}),
      ...(retry ? { retry } : {}),
    };
    this.#begun.set(id, clock.monotonic());
    commands.submit(
      {
        ...request,
        origin: `rule:${rule}`,
        effect: tie,
        ...("cause" in effect && effect.cause !== undefined ? { cause: effect.cause } : {}),
        ...(event.kind === "reading" ? becauseOf(event.reading) : {}),
      },
      unit,
    );
  }

  /** Everybody who looks sees it; besides, it goes to those whom the rule names. */
  #notify(effect: Extract<Effect, { kind: "notify" }>, event: RuleEvent, unit: Unit): void {
    const { bus, clock, log, registry, told } = this.#parts;
    const { level, rule, text, to } = effect;
    bus.emit("notification", { time: clock.now(), rule, level, text }, unit);
    unit.after(() => log.info({ rule, level, message: text }, "notification"));
    if (to.length === 0) told.onOutcome(rule, effect.id, { state: "confirmed" }, 0);
    // Nobody is harmed by hearing of an alarm twice.
    const retry = effect.retry || level === "alarm";
    for (const [index, receiver] of to.entries()) {
      const [way, target = ""] = receiver.split(/:(.*)/s, 2);
      if (way === "webhook") {
        const { awaited, chain, id } = effect;
        const row: Outgoing = {
          kind: "webhook",
          id,
          rule,
          awaited,
          chain: [...chain],
          retry,
          to: target,
          level,
          text,
        };
        this.#intend(`${id} ${index}`, row, unit);
        continue;
      }
      const request = smsRequest(registry.records(), target, text);
      if (request !== undefined) this.#submit(effect, request, { event, unit, retry });
      else told.onOutcome(rule, effect.id, { state: "failed", detail: "no module can send SMS" }, 0);
    }
  }

  /** Keeps the intent, and carries it out after the commit. */
  #intend(key: string, effect: Outgoing | Extract<Effect, { kind: "publish" | "http" }>, unit: Unit): void {
    const { carriers, clock, told } = this.#parts;
    const outgoing: Outgoing = { ...effect, chain: [...effect.chain] };
    const refusal = this.#tooMany(effect.rule) ?? carriers.refusal(outgoing);
    if (refusal !== undefined) {
      const outcome: Outcome = { state: "refused", detail: refusal };
      told.onOutcome(effect.rule, effect.id, outcome, 0);
      if (effect.awaited) this.#resumeLater(effect.rule, effect.id, outcome);
      return;
    }
    const { bootId, monotonic, trust, wall } = clock.instant();
    const row: EffectRow = { effect: outgoing, since: { bootId, monotonic, trust, wall } satisfies Instant };
    this.#pending.set(key, row);
    unit.put(EFFECTS, key, row as unknown as Json);
    unit.require("power");
    unit.after(() => {
      if (this.#held === undefined) this.#begin(key);
      else this.#held.push(key);
    });
  }

  #tooMany(rule: RuleId): string | undefined {
    const { all, characters, perRule } = PENDING_EFFECTS;
    let own = 0;
    let length = 0;
    for (const { effect } of this.#pending.values()) {
      if (effect.rule === rule) own++;
      length += lengthOf(effect);
    }
    if (this.#pending.size >= all || length >= characters) return "too many effects of rules are under way";
    return own < perRule ? undefined : `${perRule} effects of the rule are under way`;
  }

  #begin(key: string): void {
    const row = this.#pending.get(key);
    if (row === undefined || this.#stop.signal.aborted) return;
    const { carriers, log, transactions } = this.#parts;
    carriers.carry(row, this.#stop.signal).then(
      (outcome) => {
        // Stopped meanwhile: what was cut short has no outcome, and the next start sees to it.
        if (this.#stop.signal.aborted && outcome.state !== "confirmed" && outcome.state !== "sent") return;
        void transactions.record((unit) => this.#settle(key, row, outcome, unit));
      },
      (error: unknown) => {
        if (this.#stop.signal.aborted) return;
        const { rule, id } = row.effect;
        log.error({ rule, effect: id, error: String(error) }, "an effect of a rule broke");
        const outcome = { state: "failed", detail: String(error) };
        void transactions.record((unit) => this.#settle(key, row, outcome, unit));
      },
    );
  }

  /** The outcome is known. That the row goes needs no sync of its own: at worst it is told, or done, once more. */
  #settle(key: string, { effect, since }: EffectRow, outcome: Outcome, unit: Unit): void {
    const { clock, resume, told } = this.#parts;
    const { awaited, id, rule } = effect;
    this.#pending.delete(key);
    unit.delete(EFFECTS, key);
    const sameBoot = since.bootId === clock.bootId;
    const tookMs = sameBoot ? clock.monotonic() - since.monotonic : 0;
    told.onOutcome(rule, id, outcome, tookMs);
    if (awaited) resume({ kind: "outcome", rule, effect: id, outcome }, unit);
  }

  /** The wait of the run has a bound of its own: what a crash loses here is a timeout there. */
  #resumeLater(rule: RuleId, effect: string, outcome: Outcome): void {
    const { clock, resume, transactions } = this.#parts;
    clock.after(REFUSED_MS, () => {
      if (this.#stop.signal.aborted) return;
      void transactions.record((unit) => resume({ kind: "outcome", rule, effect, outcome }, unit));
    });
  }
}

function lengthOf(effect: Outgoing): number {
  if (effect.kind === "http") return effect.url.length + (effect.body?.length ?? 0);
  return effect.kind === "publish" ? effect.payload.length : effect.text.length;
}

/** The sensor that led to a command: when it is lost, the command's reason is. */
function becauseOf({ property, thing, value }: Reading): Pick<CommandRequest, "because" | "why"> {
  const why = `${thing}/${property} is ${JSON.stringify(value)}`;
  return { because: { thing, property }, why: why.slice(0, COMMAND_LIMITS.why) };
}
