import type { Broker, Bus, Clock, Commands, Log, Registry, Store, Transactions, Unit } from "@tram/core";
import {
  type EpochMs,
  type Json,
  jsonEqual,
  type Ms,
  type RuleId,
  type RuleView,
  type ThingId,
  type TracesView,
  type WhyView,
} from "@tram/protocol";
import {
  type BrokenRule,
  type CompiledRule,
  type Control,
  compile,
  type LastGood,
  lastGoodOf,
  type Outcome,
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
import type { EventJournal } from "../event-journal/index.ts";
import type { FeatureMeter } from "../write-meter/write-meter.ts";
import { Carriers, type WebhookTarget } from "./effects/carriers.ts";
import { EffectDesk } from "./effects/effect-desk.ts";
import { type EffectTold, isFine } from "./effects/effect-told.ts";
import { HostList } from "./effects/host-list.ts";
import { houseView } from "./house-view.ts";
import { RuleFiles } from "./rule-files.ts";
import { RuleTopics } from "./rule-topics.ts";
import { RuleTraces } from "./rule-traces.ts";
import type { RuleVersions } from "./rule-versions.ts";
import { ruleViews } from "./rule-views.ts";
import { explainWhy } from "./rule-why.ts";
import { ruleWorld } from "./rule-world.ts";
import { WebhookDoor } from "./webhook-door.ts";

const TABLE = "rules";
/** Things are announced in bursts; the rules look at them again when the burst is over. */
const RECOMPILE_MS: Ms = 250;

export interface RuleHouseParts {
  readonly clock: Clock;
  readonly bus: Bus;
  readonly registry: Registry;
  readonly commands: Commands;
  readonly transactions: Transactions;
  readonly log: Log;
  /** What happened, where that is recorded. */
  readonly journal: Pick<EventJournal, "read"> | undefined;
  /** Of the rules. */
  readonly meter: Pick<FeatureMeter, "verdict">;
  readonly folder: string;
  readonly gateway: string;
  readonly timezone: string;
  /** Where the gateway is: schedules of the sun are refused without. */
  readonly place?: Place | undefined;
  readonly versions: RuleVersions;
  /** The ways out of the house. */
  readonly ways: {
    readonly broker: () => Pick<Broker, "publish">;
    /** Hosts that rules may call. */
    readonly httpHosts: readonly string[];
    readonly webhooks: readonly WebhookTarget[];
    /** Whether a bridge is there: that one, or any. `undefined` where there is none. */
    readonly online: (bridge?: string) => boolean | undefined;
  };
  /** Told after the commit that a rule changed, or is gone. */
  readonly onChange: (id: string) => void;
}

/** What became of a rule that was to be run by hand. */
export interface RunAnswer {
  readonly outcome: Trace["outcome"];
  readonly run?: string;
  readonly detail?: string;
}

/**
 * Drives the pure rule engine: feeds it the house's events inside their units, keeps its state with them, and lets its
 * effects be carried out.
 */
export class RuleHouse implements Disposable, EffectTold {
  readonly topics: RuleTopics;
  readonly webhooks: WebhookDoor;
  readonly #parts: RuleHouseParts;
  readonly #files: RuleFiles;
  readonly #desk: EffectDesk;
  readonly #traces: RuleTraces;
  readonly #subscriptions: Disposable[] = [];
  readonly #online = new Set<string>();
  #runner: RuleRunner | undefined;
  #program: Program | undefined;
  #stale = false;
  #recompile: Disposable | undefined;
  #wakeup: { readonly due: Ms; readonly timer: Disposable } | undefined;

  constructor(parts: RuleHouseParts) {
    const { clock, gateway, log, transactions, ways } = parts;
    this.#parts = parts;
    this.#traces = new RuleTraces(parts);
    this.#files = new RuleFiles(parts.folder, { clock, log, onChange: () => void this.reload() });
    this.topics = new RuleTopics((message, unit) => void this.#handle({ kind: "message", ...message }, unit));
    this.webhooks = new WebhookDoor(clock, (id, data) =>
      transactions.transact((unit) => void this.#handle({ kind: "webhook", id, data }, unit)),
    );
    const hosts = new HostList(ways.httpHosts);
    this.#desk = new EffectDesk({
      ...parts,
      carriers: new Carriers({ ...ways, clock, gateway, hosts, random: Math.random }),
      told: this,
      resume: (event, unit) => void this.#handle(event, unit),
    });
  }

  /** Loads the rules and what they were in the middle of, and takes it up. What they decide waits for `open`. */
  async start(store: Store): Promise<void> {
    const saved = new Map<RuleId, RuleState>();
    for (const [id, state] of await store.entries(TABLE))
      saved.set(id as RuleId, state as unknown as RuleState);
    await this.#traces.restore(store);
    const { bus, clock, versions } = this.#parts;
    await versions.restore();
    await this.#desk.restore(store);
    const sources = this.#files.read(versions.files);
    const program = this.#compile(sources, versions.lastGood(sources));
    this.#program = program;
    this.#runner = new RuleRunner(program, saved);
    this.#subscriptions.push(
      bus.on("reading", ({ reading }, unit) => {
        const chain = this.#desk.chainOf(reading);
        this.#handle({ kind: "reading", reading, ...(chain === undefined ? {} : { chain }) }, unit);
      }),
      bus.on(
        "quality",
        ({ reading }, unit) => void this.#handle({ kind: "reading", reading, again: true }, unit),
      ),
      bus.on("event", (event, unit) => void this.#handle({ kind: "occurrence", event }, unit)),
      bus.on("availability", ({ record: { availability: to, thing } }, unit) => {
        this.#handle({ kind: "availability", thing: thing.id as ThingId, to }, unit);
      }),
      bus.on("thing", () => this.#queueRecompile()),
      bus.on("retired", () => this.#queueRecompile()),
      bus.on("command", (command, unit) => this.#desk.onCommand(command, unit)),
      clock.onStep(({ stepMs, trust }) => void this.#later({ kind: "clock", stepMs, trust })),
    );
    this.#files.watch();
    await this.#parts.transactions.record((unit) => {
      this.#note(sources, program, unit);
      this.#handle({ kind: "start" }, unit);
      this.#desk.takeUp(unit);
    });
  }

  /** The ways out of the house are there: what the rules decided until now goes out. */
  open(): void {
    this.#desk.open();
  }

  /** A bridge came or went. */
  bridge(provider: string, online: boolean): void {
    if (this.#online.has(provider) === online) return;
    if (online) this.#online.add(provider);
    else this.#online.delete(provider);
    void this.#later({ kind: "bridge", provider, online });
  }

  /** Reads the files again. Runs in flight go on. @returns when what was found is kept, or cannot be. */
  reload(): Promise<void> {
    this.#files.watch(); // The first rule may have made the folder.
    this.#stale = true;
    return this.#later({ kind: "start" });
  }

  /**
   * A person takes a hand.
   * @returns what the rule did about it, once that is kept; `undefined` for a rule that does not run.
   * @throws {StoreError} when it could not be kept.
   */
  async control(id: string, control: Control): Promise<RunAnswer | undefined> {
    const rule = id as RuleId;
    if (this.#program?.rules.has(rule) !== true) return undefined;
    let traces: StepResult["traces"] = [];
    await this.#parts.transactions.transact((unit) => {
      traces = this.#handle({ kind: "control", rule, control }, unit)?.traces ?? [];
    });
    const own = traces.filter((one) => one.rule === rule).map(({ trace }) => trace);
    // Of a run: whether it began. What it did then follows.
    const first = own.find(({ outcome }) => RUN_OUTCOMES.has(outcome)) ?? own[0];
    if (first === undefined) return { outcome: "finished" };
    const { detail, outcome, runId } = first;
    const checks = first.checks.filter(({ passed }) => !passed).map(({ what }) => what);
    const why = detail ?? (checks.length > 0 ? `${checks.join("; ")}: does not hold` : undefined);
    return {
      outcome,
      ...(runId === undefined ? {} : { run: runId }),
      ...(why === undefined ? {} : { detail: why }),
    };
  }

  list(): readonly RuleView[] {
    const program = this.#program;
    if (program === undefined) return [];
    return ruleViews({
      program,
      runner: this.#runner,
      versions: this.#parts.versions,
      now: this.#parts.clock.instant(),
      lastTrace: (id) => this.#traces.last(id),
    });
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
    return this.#runner?.status(id as RuleId)?.enabled === true;
  }

  /** Newest first; `undefined` for an unknown rule. */
  traces(id: string, most?: number): TracesView | undefined {
    if (this.get(id) === undefined) return undefined;
    const rule = id as RuleId;
    return { traces: [...this.#traces.views(rule, most)], pinned: [...this.#traces.errors(rule)] };
  }

  /** Why a rule does not fire, or did not at a time of the past; `undefined` for an unknown rule. */
  async why(id: string, at?: EpochMs): Promise<WhyView | undefined> {
    const rule = this.get(id);
    const runner = this.#runner;
    if (rule === undefined || runner === undefined) return undefined;
    const { journal } = this.#parts;
    return explainWhy({ rule, runner, world: this.#world(), traces: this.#traces, journal }, at);
  }

  /** The line of the action shows it, and what ended badly is a line of its own besides. */
  onOutcome(rule: RuleId, effect: string, outcome: Outcome, tookMs: Ms): void {
    this.#traces.onOutcome(rule, effect, outcome, tookMs);
    if (!isFine(outcome)) this.#parts.onChange(rule);
  }

  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
    this.#desk[Symbol.dispose]();
    this.#traces[Symbol.dispose]();
    this.#recompile?.[Symbol.dispose]();
    this.#wakeup?.timer[Symbol.dispose]();
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
  }

  #compile(sources: readonly RuleSource[], lastGood: LastGood): Program {
    const { registry, timezone, log, place } = this.#parts;
    const program = compile(sources, {
      house: houseView(registry),
      timezone,
      lastGood,
      ...(place === undefined ? {} : { place }),
      ...(this.#program === undefined ? {} : { previous: this.#program }),
    });
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

  #queueRecompile(): void {
    this.#stale = true;
    this.#recompile ??= this.#parts.clock.after(RECOMPILE_MS, () => {
      this.#recompile = undefined;
      if (this.#stale) void this.#later({ kind: "start" });
    });
  }

  /** Feeds an event that is not part of another unit. */
  #later(event: RuleEvent): Promise<void> {
    return this.#parts.transactions.record((unit) => void this.#handle(event, unit));
  }

  #handle(event: RuleEvent, unit: Unit): StepResult | undefined {
    const runner = this.#runner;
    if (runner === undefined) return undefined;
    if (this.#stale && (event.kind === "start" || this.#awaits(event))) {
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
      if (event.kind !== "start") this.#step(runner, { kind: "start" }, unit);
      this.#tellDifference(before, unit);
    }
    return this.#step(runner, event, unit);
  }

  /** Whether a rule waits to be tied to the Thing of an event: then it must not miss what the Thing says first. */
  #awaits(event: RuleEvent): boolean {
    const thing = thingOf(event);
    return thing !== undefined && this.#program?.awaited.has(thing) === true;
  }

  #world(): World {
    return ruleWorld({ ...this.#parts, online: this.#parts.ways.online });
  }

  #step(runner: RuleRunner, event: RuleEvent, unit: Unit): StepResult {
    const result = runner.handle(event, this.#world());
    if (event.kind === "start") this.#listen(runner);
    for (const [id, state] of result.changed) {
      if (state === undefined) unit.delete(TABLE, id);
      else unit.put(TABLE, id, state as unknown as Json);
      unit.require("power");
    }
    this.#traces.take(result);
    this.#desk.take(result.effects, event, unit);
    const told = new Set([...result.changed.keys(), ...result.traces.map(({ rule }) => rule)]);
    if (told.size > 0) {
      unit.after(() => {
        for (const id of told) this.#parts.onChange(id);
      });
    }
    this.#arm(result.nextWakeup);
    return result;
  }

  #listen(runner: RuleRunner): void {
    const interests = [...runner.interests()];
    const named = (kind: string) =>
      interests.filter((one) => one.startsWith(kind)).map((one) => one.slice(kind.length));
    this.topics.listen(named("m "));
    this.webhooks.listen(named("w "));
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
    // A rule whose file cannot be read is not gone.
    const known = this.#program?.broken.every(({ id }) => id !== undefined) === true;
    this.#traces.retain((id) => !known || after.has(id));
  }
}

function thingOf(event: RuleEvent): ThingId | undefined {
  switch (event.kind) {
    case "reading":
      return event.reading.thing;
    case "occurrence":
      return event.event.thing;
    case "availability":
      return event.thing;
    default:
      return undefined;
  }
}

const RUN_OUTCOMES: ReadonlySet<Trace["outcome"]> = new Set([
  "fired",
  "condition-false",
  "mode-dropped",
  "paused",
  "cancelled",
  "enabled",
  "disabled",
  "resumed",
]);
