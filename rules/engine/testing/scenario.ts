import type {
  Availability,
  Cause,
  ClockTrust,
  Instant,
  Json,
  Ms,
  PropertyAffordance,
  PropertyKey,
  Quality,
  RuleId,
  Thing,
  ThingId,
} from "@tram/protocol";
import { compile } from "../src/compile.ts";
import type {
  Control,
  Effect,
  Observation,
  Outcome,
  RuleEvent,
  StepResult,
  Trace,
  World,
} from "../src/events.ts";
import type { Program } from "../src/program.ts";
import { RuleRunner } from "../src/rule-runner.ts";
import type { RuleState } from "../src/rule-state.ts";

export function thing(id: string, properties: Record<string, PropertyAffordance>): Thing {
  return { id, title: id, properties };
}

export const HOUSE: readonly Thing[] = [
  thing("room", {
    "air/temperature": { type: "number", unit: "°C", multipleOf: 0.1 },
    "air/humidity": { type: "integer", minimum: 0, maximum: 100 },
  }),
  thing("lamp", {
    "light/on": { type: "boolean" },
    "light/level": { type: "integer", minimum: 0, maximum: 100 },
    "light/mode": { type: "string", enum: ["day", "night", "off"] },
    "power/on": { type: "boolean", readOnly: true },
  }),
  thing("door", { "contact/open": { type: "boolean", readOnly: true } }),
  {
    ...thing("button", { "press/kind": { type: "string", readOnly: true, momentary: true } }),
    events: { knock: {} },
    actions: { ring: {} },
  },
];

/** 2026-06-01, a Monday, 06:00 in UTC. */
export const MORNING = Date.UTC(2026, 5, 1, 6);

export interface ScenarioOptions {
  readonly things?: readonly Thing[];
  readonly timezone?: string;
  readonly wall?: number;
  readonly trust?: ClockTrust;
  /** The Things of areas and tags. */
  readonly members?: Readonly<Record<string, readonly string[]>>;
  /** Hanoi, unless it is said otherwise. */
  readonly place?: { readonly latitude: number; readonly longitude: number };
  /** Known before the rules begin. */
  readonly shadow?: Record<string, Observation>;
  /** Asked before each read; may throw. */
  readonly onRead?: (property: string) => void;
  /** Rebuild the runner from what was kept as JSON, after every step. */
  readonly crashing?: boolean;
}

/** A gateway around a `RuleRunner`: a clock, a shadow of the properties, and a store that keeps JSON. */
export class Scenario {
  readonly saved = new Map<RuleId, string>();
  readonly effects: string[] = [];
  readonly raw: Effect[] = [];
  traces: { rule: RuleId; trace: Trace }[] = [];
  now: { -readonly [Key in keyof Instant]: Instant[Key] };
  runner: RuleRunner;
  things: readonly Thing[];
  #program: Program;
  readonly #options: ScenarioOptions;
  readonly #shadow: Map<string, Observation>;
  readonly #availability = new Map<string, Availability>();
  readonly #online = new Map<string, boolean>();
  #boots = 1;
  #wakeup: Ms | undefined;

  constructor(rules: string, options: ScenarioOptions = {}) {
    this.#options = options;
    this.things = options.things ?? HOUSE;
    this.#shadow = new Map(Object.entries(options.shadow ?? {}));
    const { trust = "synced", wall = MORNING } = options;
    this.now = { wall, monotonic: 100_000, bootId: "boot-1", trust };
    this.#program = this.#compile(rules);
    this.runner = new RuleRunner(this.#program);
    this.send({ kind: "start" });
  }

  get program(): Program {
    return this.#program;
  }

  get world(): World {
    const { onRead } = this.#options;
    return {
      now: { ...this.now },
      read: (id, property) => {
        onRead?.(`${id}/${property}`);
        return this.#shadow.get(`${id}/${property}`);
      },
      availability: (id) => this.#availability.get(id),
      online: (provider) =>
        provider === undefined
          ? this.#online.size === 0
            ? undefined
            : [...this.#online.values()].some(Boolean)
          : this.#online.get(provider),
    };
  }

  /** A device reports `thing/node/name`. */
  report(
    property: string,
    value: Json,
    { cause, chain, quality = "good" }: { cause?: Cause; chain?: readonly string[]; quality?: Quality } = {},
  ) {
    const [id = "", node = "", name = ""] = property.split("/");
    this.#shadow.set(property, { value, quality });
    const time = this.now.wall;
    return this.send({
      kind: "reading",
      ...(chain === undefined ? {} : { chain: chain as readonly RuleId[] }),
      reading: {
        thing: id as ThingId,
        property: `${node}/${name}` as PropertyKey,
        value,
        quality,
        time,
        receivedAt: time,
        origin: "device",
        ...(cause === undefined ? {} : { cause }),
      },
    });
  }

  /** A Thing comes, sleeps or goes. */
  becomes(id: string, to: Availability): StepResult {
    this.#availability.set(id, to);
    return this.send({ kind: "availability", thing: id as ThingId, to });
  }

  /** The way to a cloud comes or goes. */
  bridge(provider: string, online: boolean): StepResult {
    this.#online.set(provider, online);
    return this.send({ kind: "bridge", provider, online });
  }

  occurs(id: string, event: string, data: Json = null): StepResult {
    const time = this.now.wall;
    const thing = id as ThingId;
    return this.send({
      kind: "occurrence",
      event: { thing, event, data, time, receivedAt: time, origin: "device" },
    });
  }

  message(topic: string, payload: string): StepResult {
    return this.send({ kind: "message", topic, payload });
  }

  webhook(id: string, data: Json = null): StepResult {
    return this.send({ kind: "webhook", id, data });
  }

  /** What the last effect of a rule came to. */
  outcome(rule: string, effect: string, outcome: Outcome): StepResult {
    return this.send({ kind: "outcome", rule: rule as RuleId, effect, outcome });
  }

  control(rule: string, control: Control): StepResult {
    return this.send({ kind: "control", rule: rule as RuleId, control });
  }

  /** The quality of what is known changes. */
  quality(property: string, quality: Quality): void {
    this.report(property, this.#shadow.get(property)?.value ?? null, { quality });
  }

  /** Time passes; the wake-ups come when they were asked for. */
  advance(durationMs: Ms): void {
    const end = this.now.monotonic + durationMs;
    let idle = 0;
    while (this.#wakeup !== undefined && this.#wakeup <= end) {
      idle = this.#wakeup <= this.now.monotonic ? idle + 1 : 0;
      if (idle > 10) throw new Error("the runner asks for a wake-up again and again without time passing");
      this.sleep(Math.max(0, this.#wakeup - this.now.monotonic));
      this.send({ kind: "wakeup" });
    }
    this.sleep(end - this.now.monotonic);
  }

  /** Time passes, and nobody wakes the rules. */
  sleep(durationMs: Ms): void {
    this.now = { ...this.now, monotonic: this.now.monotonic + durationMs, wall: this.now.wall + durationMs };
  }

  /** The wall clock is set. */
  clock(stepMs: Ms, trust: ClockTrust = this.now.trust): void {
    this.now = { ...this.now, wall: this.now.wall + stepMs, trust };
    this.send({ kind: "clock", stepMs, trust });
  }

  /** The process dies and comes back at once, with the same rules or others. */
  restart(rules?: string): void {
    if (rules !== undefined) this.#program = this.#compile(rules);
    this.#reload();
    this.send({ kind: "start" });
  }

  /** The power goes off for a while. A gateway without a battery wakes up in 2020 and does not trust its clock. */
  powerCut(offMs: Ms, { trust = "synced" }: { trust?: ClockTrust } = {}): void {
    const wall = trust === "untrusted" ? Date.UTC(2020, 0, 1) : this.now.wall + offMs;
    this.now = { wall, monotonic: 20_000, bootId: `boot-${++this.#boots}`, trust };
    for (const [key, { value }] of this.#shadow) this.#shadow.set(key, { value, quality: "stale" });
    this.restart();
  }

  /** The rule files or the Things changed. */
  recompile(rules: string): void {
    this.#program = this.#compile(rules);
    this.runner.replaceProgram(this.#program);
    this.send({ kind: "start" });
  }

  send(event: RuleEvent): StepResult {
    const result = this.runner.handle(event, this.world);
    for (const [id, state] of result.changed) {
      if (state === undefined) this.saved.delete(id);
      else this.saved.set(id, JSON.stringify(state));
    }
    this.raw.push(...result.effects);
    this.effects.push(...result.effects.map(describeEffect));
    this.traces.push(...result.traces);
    this.#wakeup = result.nextWakeup;
    if (this.#options.crashing === true && event.kind !== "start") this.restart();
    return result;
  }

  /** What the diary says since the last call: `<trigger> <outcome>`. */
  diary(): string[] {
    const lines = this.traces.map(({ trace }) => `${trace.trigger} ${trace.outcome}`);
    this.traces = [];
    return lines;
  }

  state(id: string): RuleState | undefined {
    return this.runner.state(id as RuleId);
  }

  #reload(): void {
    const states = [...this.saved].map(([id, text]) => [id, JSON.parse(text) as RuleState] as const);
    this.runner = new RuleRunner(this.#program, states);
  }

  #compile(text: string): Program {
    return compile([{ file: "rules.yaml", text }], {
      house: {
        thing: (id) => this.things.find((one) => one.id === id),
        members: ({ area, tag }) => (this.#options.members?.[area ?? tag ?? ""] ?? []) as ThingId[],
      },
      timezone: this.#options.timezone ?? "UTC",
      place: this.#options.place ?? { latitude: 21.03, longitude: 105.85 },
    });
  }
}

function describeEffect(effect: Effect): string {
  if (effect.kind === "notify") return `${effect.level}: ${effect.text}`;
  if (effect.kind === "publish") return `${effect.topic}: ${effect.payload}`;
  if (effect.kind === "http") return `${effect.method} ${effect.url}`;
  if (effect.kind === "invoke") return `${effect.thing}/${effect.action}(${JSON.stringify(effect.input)})`;
  return `${effect.thing}/${effect.property}=${JSON.stringify(effect.value)}`;
}
