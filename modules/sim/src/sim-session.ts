import type { ExecuteResult, ModuleCommand, ModuleHost, ReportedReading, Session } from "@tram/module-sdk";
import { checkValue, type EpochMs, type Ms } from "@tram/protocol";
import type { SimConfig } from "./config.ts";
import { greenhousePoints, type Point } from "./greenhouse-things.ts";
import { House } from "./house.ts";
import type { HouseMemory } from "./house-memory.ts";
import { ReportQueue } from "./report-queue.ts";
import { seededRandom } from "./seeded-random.ts";
import { Sensors } from "./sensors.ts";
import { Visitors } from "./visitors.ts";
import { WATERING, Watering } from "./watering.ts";

/** Key of the house's memory in the module's store. */
export const MEMORY_KEY = "house";
/** How long a simulated device takes to do what it is told. */
export const DEVICE_DELAY_MS: Ms = 150;
/** After a pause of the process at most so many steps are caught up, so that a tick stays short. */
const MOST_STEPS_AT_ONCE = 10;

/** One running greenhouse. */
export class SimSession implements Session {
  readonly closed: Promise<void>;
  readonly #host: ModuleHost<SimConfig>;
  readonly #config: Required<SimConfig>;
  readonly #points: readonly Point[];
  readonly #press: Point | undefined;
  readonly #house: House;
  readonly #sensors: Sensors;
  readonly #visitors: Visitors;
  readonly #watering: Watering;
  readonly #valve: Point | undefined;
  readonly #queue: ReportQueue;
  readonly #life = new AbortController();
  readonly #openedAt: EpochMs;
  #steppedAt: Ms;
  #timer: Disposable | undefined;
  #forgetting = false;
  #resolve: () => void = () => undefined;
  #reject: (cause: unknown) => void = () => undefined;

  /** @param memory what an earlier session kept under {@link MEMORY_KEY}. */
  constructor(host: ModuleHost<SimConfig>, config: Required<SimConfig>, memory: HouseMemory | undefined) {
    const { seed, prefix, reportMs } = config;
    this.#host = host;
    this.#config = config;
    this.#openedAt = host.clock.now();
    this.#steppedAt = host.clock.monotonic();
    this.#points = greenhousePoints(prefix);
    this.#press = this.#points.find(({ property }) => property === "button/press");
    this.#house = new House(config, this.#openedAt, memory);
    this.#sensors = new Sensors(this.#points, { repeatMs: reportMs, random: seededRandom(seed, 3) });
    this.#valve = this.#points.find(({ property }) => property === "valve/open");
    this.#watering = new Watering(this.#house, host.clock, (litres) => void this.#watered(litres));
    this.#visitors = new Visitors(seededRandom(seed, 4), this.#steppedAt);
    this.#queue = new ReportQueue(host, (error) => this.#end(error));
    this.closed = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever opened the session watches it; one that breaks before that is not an unhandled rejection.
    this.closed.catch(() => undefined);
  }

  /** Begins to live, until `signal` aborts or the session is disposed. */
  start(signal: AbortSignal): void {
    const onAbort = (): void => this.#end();
    signal.addEventListener("abort", onAbort, { once: true });
    this.#life.signal.addEventListener("abort", () => signal.removeEventListener("abort", onAbort));
    this.#timer = this.#host.clock.every(this.#config.stepMs, () => this.#tick());
    this.#tell(this.#sensors.sample(this.#house, this.#steppedAt));
  }

  async execute(command: ModuleCommand): Promise<ExecuteResult> {
    if (this.#life.signal.aborted) return rejected("the simulation has ended");
    const { target } = command;
    if (!this.#points.some(({ thing }) => thing === command.thing)) {
      return rejected(`there is no device ${command.thing}`);
    }
    if (!("property" in target)) return this.#act(command, target.action);
    const point = this.#points.find(
      ({ thing, property }) => thing === command.thing && property === target.property,
    );
    if (point === undefined) return rejected(`${command.thing} has no property ${target.property}`);
    if (point.control === undefined) return rejected(`${point.property} cannot be set`);
    const checked = checkValue(point.affordance, command.value);
    if (!checked.ok) return rejected(checked.problem);
    void this.#carryOut({ ...command, value: checked.value }, point, point.control);
    return { outcome: "sent" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  /** The valve acknowledges at once, and tells later how much it was. */
  #act(command: ModuleCommand, action: string): ExecuteResult {
    if (command.thing !== this.#valve?.thing || action !== WATERING.action) {
      return rejected(`${command.thing} has no action ${action}`);
    }
    const seconds = command.value;
    if (typeof seconds !== "number" || !(seconds >= 1 && seconds <= WATERING.longestS)) {
      return rejected(`expected 1 to ${WATERING.longestS} seconds`);
    }
    this.#watering.begin(seconds);
    this.#tell(this.#sensors.sample(this.#house, this.#host.clock.monotonic()));
    return { outcome: "confirmed" };
  }

  /** An event is told or it is not: one that the gateway cannot take now would be news of yesterday later. */
  async #watered(litres: number): Promise<void> {
    if (this.#valve === undefined) return;
    const { thing } = this.#valve;
    try {
      await this.#host.emit({ thing, event: WATERING.event, data: litres, time: this.#host.clock.now() });
    } catch (error) {
      if (!this.#life.signal.aborted) this.#host.log.debug({ error: String(error) }, "an event was not told");
    }
  }

  /** The device's part: it takes a moment, does what it was told, and tells how it stands now. */
  async #carryOut(
    command: ModuleCommand,
    point: Point,
    control: NonNullable<Point["control"]>,
  ): Promise<void> {
    try {
      await this.#host.clock.sleep(DEVICE_DELAY_MS, this.#life.signal);
    } catch (error) {
      if (!this.#life.signal.aborted) this.#end(error);
      return;
    }
    this.#house.set(control, command.value);
    const cause = { commandId: command.id, depth: 1 };
    this.#tell(this.#sensors.readBack(point, this.#house, cause, this.#host.clock.monotonic()));
    await this.#remember();
  }

  #tick(): void {
    const now = this.#host.clock.monotonic();
    const longest = this.#config.stepMs * MOST_STEPS_AT_ONCE;
    const passed = Math.min(now - this.#steppedAt, longest);
    this.#steppedAt = now;
    this.#watering.look();
    const happenings = this.#visitors.happenings(now);
    for (const happening of happenings) {
      if (happening.what === "door") this.#house.doorOpen = happening.open;
    }
    this.#house.pass((passed / 1_000) * this.#config.speed, this.#simulatedWall());
    const presses = happenings.flatMap((happening) =>
      happening.what === "button" && this.#press !== undefined
        ? [{ thing: this.#press.thing, property: this.#press.property, value: happening.press }]
        : [],
    );
    this.#tell([...this.#sensors.sample(this.#house, now), ...presses]);
  }

  /** At speed 1 this is the wall clock itself, also after it was set. */
  #simulatedWall(): EpochMs {
    return this.#openedAt + (this.#host.clock.now() - this.#openedAt) * this.#config.speed;
  }

  #tell(readings: readonly Omit<ReportedReading, "time">[]): void {
    const time = this.#host.clock.now();
    this.#queue.push(readings.map((reading) => ({ ...reading, time })));
    this.#queue.flush();
  }

  /** Keeps the house, as the valves and switches of a real one keep their positions. Only commands cause a write. */
  async #remember(): Promise<void> {
    try {
      await this.#host.store.put(MEMORY_KEY, this.#house.memory);
      this.#forgetting = false;
    } catch (error) {
      if (this.#forgetting || this.#life.signal.aborted) return;
      this.#forgetting = true;
      this.#host.log.warn({ error: String(error) }, "the state of the greenhouse was not kept");
    }
  }

  /** @param cause why it broke; absent when it was meant. */
  #end(cause?: unknown): void {
    if (this.#life.signal.aborted) return;
    this.#life.abort(new Error("the simulation has ended"));
    this.#timer?.[Symbol.dispose]();
    this.#queue.close();
    if (cause === undefined) this.#resolve();
    else this.#reject(cause);
  }
}

function rejected(reason: string): ExecuteResult {
  return { outcome: "rejected", reason };
}
