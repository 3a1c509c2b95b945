import type { Bus, Clock, Commands, Log, Registry, Store, Transactions, Unit } from "@tram/core";
import {
  COMMAND_LIMITS,
  type CommandRequest,
  type Json,
  jsonEqual,
  type Ms,
  type Reading,
  type RuleId,
  type RuleView,
  type TraceView,
} from "@tram/protocol";
import {
  type BrokenRule,
  type CompiledRule,
  compile,
  type Effect,
  type LastGood,
  lastGoodOf,
  type Place,
  type Program,
  type RuleEvent,
  RuleRunner,
  type RuleSource,
  type RuleState,
  type StepResult,
  type Trace,
  type World,
} from "@tram/rules";
import { iso } from "../http/views.ts";
import { RuleFiles } from "./rule-files.ts";
import type { RuleVersions } from "./rule-versions.ts";

const TABLE = "rules";
/** Evaluations that are remembered for each rule. */
const TRACES_KEPT = 50;
/** Things are announced in bursts; the rules look at them again when the burst is over. */
const RECOMPILE_MS: Ms = 250;

export interface RuleHouseParts {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly registry: Registry;
  readonly commands: Commands;
  readonly transactions: Transactions;
  readonly log: Log;
  readonly folder: string;
  readonly timezone: string;
  /** Where the gateway is: schedules of the sun are refused without. */
  readonly place?: Place | undefined;
  readonly versions: RuleVersions;
  /** Told after the commit that a rule changed, or is gone. */
  readonly onChange: (id: string) => void;
}

/**
 * Drives the pure rule engine: feeds it the house's events inside their units, keeps its state with them, and carries
 * its effects out.
 */
export class RuleHouse implements Disposable {
  readonly #parts: RuleHouseParts;
  readonly #files: RuleFiles;
  readonly #traces = new Map<RuleId, Trace[]>();
  readonly #subscriptions: Disposable[] = [];
  readonly #world: () => World;
  #runner: RuleRunner | undefined;
  #program: Program | undefined;
  #stale = false;
  #recompile: Disposable | undefined;
  #wakeup: { readonly due: Ms; readonly timer: Disposable } | undefined;

  constructor(parts: RuleHouseParts) {
    this.#parts = parts;
    this.#files = new RuleFiles(parts.folder, {
      clock: parts.clock,
      log: parts.log,
      onChange: () => void this.reload(),
    });
    this.#world = () => ({
      now: parts.clock.instant(),
      read: (thing, property) => parts.registry.read(thing, property),
    });
  }

  /** Loads the rules and what they were in the middle of, and takes it up. */
  async start(store: Store): Promise<void> {
    const saved = new Map<RuleId, RuleState>();
    for (const [id, state] of await store.entries(TABLE))
      saved.set(id as RuleId, state as unknown as RuleState);
    const { bus, clock, versions } = this.#parts;
    await versions.restore();
    const sources = this.#files.read(versions.files);
    const program = this.#compile(sources, versions.lastGood(sources));
    this.#program = program;
    this.#runner = new RuleRunner(program, saved);
    this.#subscriptions.push(
      bus.on("reading", ({ reading }, unit) => this.#handle({ kind: "reading", reading }, unit)),
      bus.on("quality", ({ reading }, unit) => this.#handle({ kind: "reading", reading }, unit)),
      bus.on("thing", () => this.#queueRecompile()),
      bus.on("retired", () => this.#queueRecompile()),
      bus.on("command", (command, unit) => {
        if (command.state === "refused") this.#noteRefusal(command.origin, command.reason ?? "refused", unit);
      }),
      clock.onStep(({ stepMs, trust }) => void this.#later({ kind: "clock", stepMs, trust })),
    );
    this.#files.watch();
    await this.#parts.transactions.record((unit) => {
      this.#note(sources, program, unit);
      this.#handle({ kind: "start" }, unit);
    });
  }

  /** Reads the files again. Runs in flight go on. @returns when what was found is kept, or cannot be. */
  reload(): Promise<void> {
    this.#files.watch(); // The first rule may have made the folder.
    this.#stale = true;
    return this.#later({ kind: "start" });
  }

  list(): readonly RuleView[] {
    const program = this.#program;
    if (program === undefined) return [];
    const unreadable = new Set(program.broken.flatMap(({ file, id }) => (id === undefined ? [file] : [])));
    const sound = [...program.rules.values()].map((rule): RuleView => {
      const traces = this.#traces.get(rule.id) ?? [];
      const last = traces[0];
      const state = this.#runner?.state(rule.id);
      return {
        id: rule.id,
        ...(rule.title === undefined ? {} : { title: rule.title }),
        file: rule.file,
        status: rule.enabled ? "active" : "disabled",
        problems: (rule.broken ?? []).map(({ path, problem }) => ({ path, problem })),
        warnings: rule.warnings.map(({ path, problem }) => ({ path, problem })),
        editable: !unreadable.has(rule.file),
        ...this.#pastOf(rule),
        running: state?.runs.length ?? 0,
        ...(state?.lastFired === undefined ? {} : { lastFired: iso(state.lastFired) }),
        ...(last === undefined ? {} : { lastTrace: traceView(last) }),
      };
    });
    const taken = new Set<string>(program.rules.keys());
    const broken = program.broken.map((rule): RuleView => {
      // One that claims the id of another has only its place for a name.
      const own = rule.id !== undefined && !taken.has(rule.id);
      if (own) taken.add(rule.id);
      return {
        id: own ? rule.id : `${rule.file}${rule.problems[0]?.path ?? ""}`,
        file: rule.file,
        status: "unavailable",
        problems: rule.problems.map(({ path, problem }) => ({ path, problem })),
        warnings: [],
        editable: own,
        running: 0,
      };
    });
    return [...sound, ...broken];
  }

  /** Rules that are in the middle of a run. */
  get underWay(): readonly string[] {
    return this.list().flatMap(({ id, running }) => (running > 0 ? [id] : []));
  }

  get(id: string): RuleView | undefined {
    return this.list().find((rule) => rule.id === id);
  }

  /** Whether a rule is there and may run; cheaper than its view. */
  isActive(id: string): boolean {
    return this.#program?.rules.get(id as RuleId)?.enabled === true;
  }

  /** Newest first; `undefined` for an unknown rule. */
  traces(id: string): readonly TraceView[] | undefined {
    if (this.get(id) === undefined) return undefined;
    return (this.#traces.get(id as RuleId) ?? []).map(traceView);
  }

  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
    this.#recompile?.[Symbol.dispose]();
    this.#wakeup?.timer[Symbol.dispose]();
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  #compile(sources: readonly RuleSource[], lastGood: LastGood): Program {
    const { registry, timezone, log, place } = this.#parts;
    const previous = this.#program === undefined ? {} : { previous: this.#program };
    const where = place === undefined ? {} : { place };
    const program = compile(sources, { house: registry, timezone, lastGood, ...where, ...previous });
    const first = ({ file }: CompiledRule | BrokenRule, [problem]: CompiledRule["warnings"]) => ({
      file,
      path: problem?.path,
      problem: problem?.problem,
    });
    for (const rule of program.broken) log.warn(first(rule, rule.problems), "a rule is unavailable");
    for (const rule of program.rules.values()) {
      if (rule.broken === undefined || this.#program?.rules.get(rule.id)?.broken !== undefined) continue;
      log.warn(
        { rule: rule.id, ...first(rule, rule.broken) },
        "a rule is broken: its last good version runs",
      );
    }
    return program;
  }

  #note(sources: readonly RuleSource[], program: Program, unit: Unit): void {
    this.#parts.versions.note(unit, sources, program, () => void this.reload());
  }

  /** Which version runs, where that is another than the text's; and when the rule last changed. */
  #pastOf({ broken, file, id }: CompiledRule): Pick<RuleView, "version" | "lastGood"> {
    const { versions } = this.#parts;
    const version = versions.ofRule(id);
    return {
      ...(version === undefined ? {} : { version }),
      ...(broken === undefined ? {} : { lastGood: versions.lastSound(file, id) ?? {} }),
    };
  }

  #queueRecompile(): void {
    this.#stale = true;
    this.#recompile ??= this.#parts.clock.after(RECOMPILE_MS, () => {
      this.#recompile = undefined;
      if (this.#stale) void this.#later({ kind: "start" });
    });
  }

  /** Feeds an event that is not part of another unit. */
  #later(event: RuleEvent): Promise<void> {
    return this.#parts.transactions.record((unit) => this.#handle(event, unit));
  }

  #handle(event: RuleEvent, unit: Unit): void {
    const runner = this.#runner;
    if (runner === undefined) return;
    if (this.#stale) {
      this.#stale = false;
      const before = this.list();
      const sources = this.#files.read(this.#parts.versions.files);
      const program = this.#compile(
        sources,
        this.#program === undefined ? new Map() : lastGoodOf(this.#program),
      );
      this.#program = program;
      runner.replaceProgram(program);
      this.#note(sources, program, unit);
      if (event.kind !== "start") this.#apply(runner.handle({ kind: "start" }, this.#world()), event, unit);
      this.#tellDifference(before, unit);
    }
    this.#apply(runner.handle(event, this.#world()), event, unit);
  }

  #apply(result: StepResult, event: RuleEvent, unit: Unit): void {
    for (const [id, state] of result.changed) {
      if (state === undefined) unit.delete(TABLE, id);
      else unit.put(TABLE, id, state as unknown as Json);
      unit.require("power");
    }
    for (const { rule, trace } of result.traces) this.#remember(rule, trace);
    for (const effect of result.effects) this.#carryOut(effect, event, unit);
    const told = new Set([...result.changed.keys(), ...result.traces.map(({ rule }) => rule)]);
    if (told.size > 0) {
      unit.after(() => {
        for (const id of told) this.#parts.onChange(id);
      });
    }
    this.#arm(result.nextWakeup);
  }

  #carryOut(effect: Effect, event: RuleEvent, unit: Unit): void {
    const { commands, bus, clock, log } = this.#parts;
    const { rule } = effect;
    if (effect.kind === "notify") {
      const { level, text } = effect;
      bus.emit("notification", { time: clock.now(), rule, level, text }, unit);
      unit.after(() => log.info({ rule, level, message: text }, "notification"));
      return;
    }
    if (effect.kind !== "set") return;
    commands.submit(
      {
        thing: effect.thing,
        target: { property: effect.property },
        value: effect.value,
        origin: `rule:${rule}`,
        ...(effect.cause === undefined ? {} : { cause: effect.cause }),
        ...(event.kind === "reading" ? becauseOf(event.reading) : {}),
      },
      unit,
    );
  }

  #noteRefusal(origin: string, reason: string, unit: Unit): void {
    if (!origin.startsWith("rule:")) return;
    const rule = origin.slice("rule:".length) as RuleId;
    this.#remember(rule, {
      time: this.#parts.clock.now(),
      trigger: "",
      outcome: "failed",
      detail: `the command was refused: ${reason}`,
      checks: [],
    });
    unit.after(() => this.#parts.onChange(rule));
  }

  #remember(rule: RuleId, trace: Trace): void {
    const traces = this.#traces.get(rule) ?? [];
    traces.unshift(trace);
    if (traces.length > TRACES_KEPT) traces.length = TRACES_KEPT;
    this.#traces.set(rule, traces);
  }

  #arm(due: Ms | undefined): void {
    if (due === this.#wakeup?.due) return;
    this.#wakeup?.timer[Symbol.dispose]();
    this.#wakeup = undefined;
    if (due === undefined) return;
    const delayMs = Math.max(0, due - this.#parts.clock.monotonic());
    const timer = this.#parts.clock.after(delayMs, () => {
      this.#wakeup = undefined;
      void this.#later({ kind: "wakeup" });
    });
    this.#wakeup = { due, timer };
  }

  #tellDifference(before: readonly RuleView[], unit: Unit): void {
    const { onChange } = this.#parts;
    const after = new Map(this.list().map((rule) => [rule.id, rule]));
    const old = new Map(before.map((rule) => [rule.id, rule]));
    unit.after(() => {
      for (const id of old.keys()) if (!after.has(id)) onChange(id);
      for (const [id, rule] of after) {
        const known = old.get(id);
        if (known === undefined || !jsonEqual(known as unknown as Json, rule as unknown as Json))
          onChange(id);
      }
    });
    for (const id of this.#traces.keys()) if (!after.has(id)) this.#traces.delete(id);
  }
}

/** The sensor that led to a command: when it is lost, the command's reason is. */
function becauseOf({ property, thing, value }: Reading): Pick<CommandRequest, "because" | "why"> {
  const why = `${thing}/${property} is ${JSON.stringify(value)}`;
  return { because: { thing, property }, why: why.slice(0, COMMAND_LIMITS.why) };
}

function traceView(trace: Trace): TraceView {
  return { ...trace, time: iso(trace.time) };
}
