import type { Json, PropertyKey, Reading, RuleId, Thing, ThingId } from "../../protocol/src/index.ts";
import {
  compile,
  type Program,
  RuleRunner,
  type RuleSource,
  type World,
} from "../../rules/engine/src/index.ts";

/** A thousand Things with ten numbers each, and rules over them. */

const THINGS = 1_000;
const PROPERTIES = 10;
/** As many rules go into one file as its size allows. */
const RULES_IN_FILE = 250;

export function thingId(index: number): string {
  return `thing-${index % THINGS}`;
}

const KEYS = Array.from({ length: PROPERTIES }, (_, index) => `values/v${index}` as PropertyKey);

const things = new Map<string, Thing>(
  Array.from({ length: THINGS }, (_, index) => {
    const id = thingId(index);
    const properties = Object.fromEntries(KEYS.map((key) => [key, { type: "number" as const }]));
    return [id, { id, title: id, properties }];
  }),
);

/** Automations as people write them: an edge with a hold, a condition, a few actions. */
export function ruleText(index: number, { watches = index }: { readonly watches?: number } = {}): string {
  const source = thingId(watches);
  const target = thingId(watches + 1);
  return `- id: rule-${index}
  title: Rule number ${index}
  triggers:
    - id: high
      numeric: { property: ${source}/values/v${index % 5}, above: 30, hysteresis: 1 }
  conditions:
    - numeric: { property: ${target}/values/v5, below: 90 }
    - time: { weekdays: [mon, tue, wed, thu, fri, sat, sun] }
  actions:
    - { set: ${target}/values/v6, value: "\${trigger.value * 2.0}" }
    - { delay: 10m }
    - { set: ${target}/values/v6, value: 0 }
`;
}

export function filesOf(rules: readonly string[]): RuleSource[] {
  const files: RuleSource[] = [];
  for (let from = 0; from < rules.length; from += RULES_IN_FILE) {
    files.push({ file: `f${from}.yaml`, text: rules.slice(from, from + RULES_IN_FILE).join("") });
  }
  return files;
}

export function programOf(rules: readonly string[]): Program {
  const program = compile(filesOf(rules), {
    house: { thing: (id) => things.get(id) },
    timezone: "Asia/Ho_Chi_Minh",
  });
  if (program.rules.size === rules.length) return program;
  throw new Error(`${program.rules.size} rules of ${rules.length}: ${JSON.stringify(program.broken[0])}`);
}

/** A runner whose clock stands until it is told, over a shadow of numbers. */
export class BenchHouse {
  readonly runner: RuleRunner;
  readonly #values = new Map<string, Json>();
  readonly #world: World;
  #monotonic = 1_000_000;

  constructor(program: Program) {
    this.runner = new RuleRunner(program);
    const wall = Date.UTC(2026, 5, 1, 3);
    const house = this;
    this.#world = {
      get now() {
        const monotonic = house.#monotonic;
        return { wall: wall + monotonic, monotonic, bootId: "boot", trust: "synced" as const };
      },
      read: (thing, property) => {
        const value = this.#values.get(`${thing}/${property}`);
        return value === undefined ? undefined : { value, quality: "good" };
      },
    };
    this.runner.handle({ kind: "start" }, this.#world);
  }

  /** @returns effects */
  report(thing: string, key: string, value: number): number {
    this.#values.set(`${thing}/${key}`, value);
    const time = this.#monotonic;
    const reading: Reading = {
      thing: thing as ThingId,
      property: key as PropertyKey,
      value,
      quality: "good",
      time,
      receivedAt: time,
      origin: "device",
    };
    return this.runner.handle({ kind: "reading", reading }, this.#world).effects.length;
  }

  /** Time passes, and what is due is done. */
  advance(ms: number): void {
    this.#monotonic += ms;
    this.runner.handle({ kind: "wakeup" }, this.#world);
  }

  underWay(id: string): number {
    return this.runner.state(id as RuleId)?.runs.length ?? 0;
  }
}
