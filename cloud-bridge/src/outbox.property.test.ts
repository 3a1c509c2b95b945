import { type MessageClass, Unit } from "@tram/core";
import { isJsonObject } from "@tram/protocol";
import { MemoryStore, VirtualClock } from "@tram/testkit";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS, type Flight, type Outbox, openOutbox } from "./outbox.ts";
import { GatedStore } from "./testing/gated-store.ts";
import { QuietLog } from "./testing/quiet-log.ts";

/**
 * `writing`: its unit has not settled. `queued`: kept, and owed to the cloud. `done`: acknowledged.
 * `parked`: set aside. `lost`: its unit was never kept, so nobody was promised anything.
 */
type Fate = "writing" | "queued" | "done" | "parked" | "lost";

interface Told {
  readonly id: string;
  readonly lane: string;
  /** Of state: what only the latest of is owed. */
  readonly key: string | undefined;
  fate: Fate;
}

/** A newer one of the same state is kept: the cloud may have this one, and need not. */
function isOld(model: Model, { key, id }: Told): boolean {
  if (key === undefined) return false;
  const place = model.told.findIndex((one) => one.id === id);
  return model.told.some(
    (one, index) => one.key === key && index > place && one.fate !== "writing" && one.fate !== "lost",
  );
}

/** What must be true, in the simplest words: a list of what was said, in order. */
interface Model {
  told: Told[];
}

interface Real {
  readonly memory: MemoryStore;
  store: GatedStore;
  outbox: Outbox;
  flights: Flight[];
  openings: number;
}

class World implements Real {
  readonly memory = new MemoryStore();
  store = new GatedStore(this.memory);
  flights: Flight[] = [];
  openings = 0;
  outbox: Outbox;
  readonly window: number;

  private constructor(outbox: Outbox, window: number) {
    this.outbox = outbox;
    this.window = window;
  }

  static async open(window: number): Promise<World> {
    const world = new World(undefined as unknown as Outbox, window);
    await world.reopen();
    return world;
  }

  /** The process is gone: commits under way are lost, flights are forgotten, memory is empty. */
  async reopen(): Promise<void> {
    this.store = new GatedStore(this.memory);
    this.flights = [];
    this.outbox = await openOutbox(this.store, {
      bridge: "up",
      idPrefix: `gw-${++this.openings}`,
      limits: DEFAULT_LIMITS,
      window: this.window,
      clock: new VirtualClock(),
      log: new QuietLog(),
    });
    this.store.holding = true;
  }
}

async function idsIn(memory: MemoryStore, log: string): Promise<ReadonlySet<unknown>> {
  const rows = await memory.rows(log, { after: 0, limit: 1_000_000 });
  return new Set(
    rows.map(({ value }) => {
      const row = isJsonObject(value) && isJsonObject(value.row) ? value.row : value;
      return isJsonObject(row) ? row.i : undefined;
    }),
  );
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** Nothing that was kept and is still owed is anywhere but on disk. */
async function checkNothingIsLost(model: Model, real: World): Promise<void> {
  const queue = await idsIn(real.memory, "outbox-up");
  const parked = await idsIn(real.memory, "parked-up");
  for (const told of model.told) {
    const { id, fate } = told;
    if (isOld(model, told)) continue;
    if (fate === "queued" && !queue.has(id)) throw new Error(`${id} is owed, and not in the queue`);
    if (fate === "parked" && !queue.has(id) && !parked.has(id))
      throw new Error(`${id} is neither queued nor parked`);
  }
}

type Step = fc.AsyncCommand<Model, World>;

function step(text: string, run: (model: Model, real: World) => Promise<void>): Step {
  return {
    check: () => true,
    run: async (model, real) => {
      await run(model, real);
      await turns();
      await checkNothingIsLost(model, real);
    },
    toString: () => text,
  };
}

const enqueue = (group: string, messageClass: MessageClass, name: string) =>
  step(`enqueue(${group}, ${messageClass}, ${name})`, async (model, real) => {
    const unit = new Unit(real.store, (error) => {
      throw error;
    });
    const id = real.outbox.enqueue(
      {
        class: messageClass,
        group,
        thing: group,
        name,
        time: 0,
        value: model.told.length,
        quality: "good",
      },
      unit,
    );
    expect(model.told.map((one) => one.id)).not.toContain(id);
    const lane = `${group} ${messageClass}`;
    const key = messageClass === "state" ? `${group} ${name}` : undefined;
    const told: Told = { id, lane, key, fate: "writing" };
    model.told.push(told);
    const { store } = real;
    void unit.commit().then(
      () => {
        if (real.store === store && told.fate === "writing") told.fate = "queued";
      },
      () => {
        told.fate = "lost";
      },
    );
  });

const release = (index: number, kept: boolean) =>
  step(`${kept ? "keep" : "fail"}(${index})`, async (_model, real) => {
    if (real.store.waiting > 0) await real.store.release(index % real.store.waiting, kept);
  });

const take = (limit: number) =>
  step(`take(${limit})`, async (model, real) => {
    const flights = await real.outbox.take(limit);
    for (const { message } of flights) {
      const told = model.told.find(({ id }) => id === message.id);
      expect(told).toBeDefined();
      expect(message.value).toBe(model.told.indexOf(told as Told));
    }
    real.flights.push(...flights);
  });

const settle = (index: number, outcome: "acknowledged" | "rejected" | "retry") =>
  step(`${outcome}(${index})`, async (model, real) => {
    const [flight] = real.flights.splice(index % Math.max(1, real.flights.length), 1);
    if (flight === undefined) return;
    const told = model.told.find(({ id }) => id === flight.message.id) as Told;
    if (outcome === "acknowledged") {
      const earlier = model.told.slice(0, model.told.indexOf(told)).filter(({ lane }) => lane === told.lane);
      const owed = earlier.filter(({ fate }) => fate === "queued" || fate === "writing");
      // The answers to several in flight may come in any order; what is not in flight must not be overtaken.
      const inFlight = new Set(real.flights.map(({ message }) => message.id));
      expect(owed.filter((one) => !inFlight.has(one.id) && !isOld(model, one))).toEqual([]);
      told.fate = "done";
    } else if (outcome === "rejected") told.fate = "parked";
    real.outbox.settle(flight, outcome === "acknowledged" ? { outcome } : { outcome, reason: "because" });
  });

/** Everything in flight comes back. */
const cut = step("cut", async (_model, real) => {
  for (const flight of real.flights.splice(0))
    real.outbox.settle(flight, { outcome: "retry", reason: "cut" });
});

const resume = step("resume", async (_model, real) => real.outbox.resume());

const crash = step("crash", async (model, real) => {
  const queue = await idsIn(real.memory, "outbox-up");
  for (const told of model.told) {
    if (told.fate === "writing") told.fate = "lost";
    // Its removal was not kept: the cloud gets it once more, with the same id.
    if (queue.has(told.id)) told.fate = "queued";
  }
  await real.reopen();
  const owed = model.told.filter((told) => told.fate === "queued" && !isOld(model, told));
  const { queued, queuedByClass } = real.outbox.counts();
  expect(queued).toBe(owed.length);
  expect(queuedByClass.state).toBe(new Set(owed.flatMap(({ key }) => key ?? [])).size);
});

const classes = fc.constantFrom<MessageClass>("alarm", "state", "state", "telemetry");
const refusals = ["acknowledged", "acknowledged", "rejected"] as const;

/** Where several messages of a lane fly at once, a single one cannot be refused for now: only the line can be cut. */
const steps = (window: number) => [
  fc
    .tuple(fc.constantFrom("a", "b"), classes, fc.constantFrom("n/x", "n/y"))
    .map(([group, messageClass, name]) => enqueue(group, messageClass, name)),
  fc.tuple(fc.nat(5), fc.boolean()).map(([index, often]) => release(index, often || index > 2)),
  fc.integer({ min: 1, max: 5 }).map(take),
  fc
    .tuple(
      fc.nat(5),
      window === 1 ? fc.constantFrom(...refusals, "retry" as const) : fc.constantFrom(...refusals),
    )
    .map(([index, outcome]) => settle(index, outcome)),
  fc.constant(cut),
  fc.constant(resume),
  fc.constant(crash),
];

/** The cloud takes everything that is left: then nothing is owed, and nothing is in the queue. */
async function drain(model: Model, real: World): Promise<void> {
  for (; real.store.waiting > 0; await turns()) await real.store.release(0, true);
  real.store.holding = false;
  for (const flight of real.flights.splice(0))
    real.outbox.settle(flight, { outcome: "retry", reason: "the line is cut" });
  real.outbox.resume();
  await real.outbox.flush();
  // What is in memory is what is on disk, and of each state there is one.
  const { queued, queuedByClass } = real.outbox.counts();
  expect(await real.memory.extent("outbox-up")).toMatchObject({ count: queued });
  const owed = model.told.filter((told) => told.fate === "queued" && !isOld(model, told));
  expect(queuedByClass.state).toBe(owed.filter(({ key }) => key !== undefined).length);
  for (let flights = await real.outbox.take(7); flights.length > 0; flights = await real.outbox.take(7)) {
    for (const flight of flights) {
      const told = model.told.find(({ id }) => id === flight.message.id) as Told;
      told.fate = "done";
      real.outbox.settle(flight, { outcome: "acknowledged" });
    }
  }
  await real.outbox.flush();
  const left = model.told.filter(({ fate }) => fate === "queued" || fate === "writing");
  expect(left.filter((told) => !isOld(model, told))).toEqual([]);
  expect(await real.memory.extent("outbox-up")).toMatchObject({ count: 0 });
  expect(real.outbox.counts().queued).toBe(0);
}

describe("the outbox against a list, through crashes and failing commits", () => {
  it.each([1, 3])("loses nothing, reorders nothing, repeats no id, with %i in flight", async (window) => {
    await fc.assert(
      fc.asyncProperty(fc.commands(steps(window), { size: "+1", maxCommands: 80 }), async (commands) => {
        const model: Model = { told: [] };
        const real = await World.open(window);
        await fc.asyncModelRun(() => ({ model, real }), commands);
        await drain(model, real);
      }),
      { numRuns: 300 },
    );
  });
});
