import type { Bus, Clock, Registry } from "@tram/core";
import type { Command, Ms } from "@tram/protocol";
import { type AuditEntry, type AuditLog, clip } from "./audit-log.ts";
import type { RepeatFilter } from "./repeat-filter.ts";

/** What rules command is told in one entry a rule in this time: they are too many to tell each. In milliseconds. */
export const RULE_SUM_MS: Ms = 3_600_000;
/** Rules that are told apart. */
const MOST_RULES = 200;
const LONGEST_VALUE = 60;

export interface CommandAuditParts {
  readonly bus: Bus;
  readonly clock: Pick<Clock, "every">;
  readonly registry: Pick<Registry, "thing">;
  readonly audit: Pick<AuditLog, "audit" | "into">;
  readonly repeats: RepeatFilter;
}

interface RuleSum {
  count: number;
  readonly ends: Map<string, number>;
  last: string;
}

/**
 * Enters commands into the audit log when they have ended, in the unit of their end: that costs no commit. Those of
 * people, clients and clouds each, what repeats within a minute as a number; those of a rule once an hour as a sum, and
 * those that did not reach their device each, too.
 */
export class CommandAudit implements Disposable {
  readonly #parts: CommandAuditParts;
  readonly #sums = new Map<string, RuleSum>();
  readonly #held: readonly Disposable[];

  constructor(parts: CommandAuditParts) {
    this.#parts = parts;
    const { audit, bus, clock, repeats } = parts;
    this.#held = [
      bus.on("command", (command, unit) => {
        if (command.endedAt === undefined) return;
        const { origin, state } = command;
        const entry = this.#entryOf(command);
        if (origin.startsWith("rule:")) this.#add(origin.slice("rule:".length), state, entry);
        if (origin.startsWith("rule:") && (state === "confirmed" || state === "sent")) return;
        const { by, detail, subject } = entry;
        repeats.note([by, subject, detail].join("\n"), entry, (first) => audit.into(unit, first));
      }),
      clock.every(RULE_SUM_MS, () => this.#tell()),
    ];
  }

  [Symbol.dispose](): void {
    for (const held of this.#held) held[Symbol.dispose]();
    this.#tell();
  }

  #entryOf(command: Command): AuditEntry {
    const { cause, code, origin, reason, state, target, thing, why } = command;
    const name = "property" in target ? target.property : target.action;
    const outcome =
      code === undefined ? state : `${state} (${code}${reason === undefined ? "" : `: ${reason}`})`;
    const reasons = [
      ...(why === undefined ? [] : [`; wanted for: ${why}`]),
      ...(cause === undefined ? [] : [`, because of ${cause.commandId}`]),
    ];
    return {
      action: "command",
      subject: `${thing}/${name}`,
      by: origin,
      detail: `${this.#valueOf(command)}: ${outcome}${reasons.join("")}`,
    };
  }

  /** What can be written and not read is a secret: a code, a password. */
  #valueOf({ target, thing, value }: Command): string {
    const described = this.#parts.registry.thing(thing);
    const hidden = "property" in target && described?.properties?.[target.property]?.writeOnly === true;
    return hidden ? "(hidden)" : clip(JSON.stringify(value), LONGEST_VALUE);
  }

  #add(rule: string, state: Command["state"], { detail = "", subject }: AuditEntry): void {
    const key = this.#sums.has(rule) || this.#sums.size < MOST_RULES ? rule : "several";
    const sum = this.#sums.get(key) ?? { count: 0, ends: new Map<string, number>(), last: "" };
    sum.count++;
    sum.ends.set(state, (sum.ends.get(state) ?? 0) + 1);
    sum.last = `${subject} ${detail}`;
    this.#sums.set(key, sum);
  }

  #tell(): void {
    for (const [rule, { count, ends, last }] of this.#sums) {
      const numbers = [...ends].map(([state, number]) => `${number} ${state}`).join(", ");
      this.#parts.audit.audit({
        action: "rule-commands",
        subject: rule,
        by: `rule:${rule}`,
        detail: `${numbers}; the last: ${last}`,
        count,
      });
    }
    this.#sums.clear();
  }
}
