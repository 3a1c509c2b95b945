import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { Crossings } from "./crossings.ts";
import type { FromLoad, LoadResult, ToLoad } from "./load-protocol.ts";
import { MqttClient } from "./mqtt-client.ts";
import {
  actuatorOf,
  actuators,
  commandTopic,
  introduction,
  PASSWORD,
  readings,
  readingTopic,
  stateTopic,
  things,
} from "./scenario.ts";
import { percentile } from "./statistics.ts";

/**
 * The load: plays all Things and all actuators in one process with one clock, so that a reading and the command that
 * it causes are timed alike. Started by `run.ts` with an IPC channel; ends when that closes.
 */

/** A timer of Node does not come more often; at 2,000 readings a second two or three leave together. */
const TICK_MS = 1;
/** Commands and acknowledgements still under way when the window closes have this long. */
const SETTLE_MS = 1_000;

interface Window {
  readonly crossings: Crossings;
  readonly commandMs: number[];
  readonly acknowledgedMs: number[];
  readonly lagMs: number[];
  sent: number;
  crossed: number;
  largestBurst: number;
}

class Load {
  readonly #devices: MqttClient[] = [];
  readonly #actuators: MqttClient[] = [];
  readonly #sentAt = things.map(() => new Map<number, number>());
  readonly #plan = readings();
  #window: Window | undefined;
  #lost: string | undefined;

  async enter(port: number): Promise<void> {
    for (const [index, actuator] of actuators.entries()) {
      const client = await this.#join(port, actuator, {
        onMessage: (topic, payload) => this.#onCommand(index, topic, payload),
      });
      await client.subscribe(commandTopic(actuator));
      this.#actuators.push(client);
    }
    for (const [index, thing] of things.entries()) {
      this.#devices.push(
        await this.#join(port, thing, { onAcknowledged: (id) => this.#onAcknowledged(index, id) }),
      );
    }
  }

  async report(order: Extract<ToLoad, { kind: "report" }>): Promise<LoadResult> {
    const { perSecond } = order;
    await this.#send(order.warmUpMs, perSecond);
    // What the warm-up caused is not counted.
    await sleep(SETTLE_MS);
    for (const sent of this.#sentAt) sent.clear();
    const window: Window = {
      crossings: new Crossings(),
      commandMs: [],
      acknowledgedMs: [],
      lagMs: [],
      sent: 0,
      crossed: 0,
      largestBurst: 0,
    };
    this.#window = window;
    const loopDelay = monitorEventLoopDelay({ resolution: TICK_MS });
    loopDelay.enable();
    say({ kind: "window-opens" });
    const windowMs = await this.#send(order.measureMs, perSecond);
    say({ kind: "window-closes" });
    loopDelay.disable();
    await sleep(SETTLE_MS);
    this.#window = undefined;
    if (this.#lost !== undefined) throw new Error(this.#lost);
    const { crossings, commandMs, acknowledgedMs, lagMs, sent, crossed, largestBurst } = window;
    return {
      sent,
      acknowledged: acknowledgedMs.length,
      windowMs,
      crossings: crossed,
      missed: crossings.missed,
      unexpected: crossings.unexpected,
      commandMs,
      acknowledgedMs: { p50: percentile(acknowledgedMs, 0.5), p99: percentile(acknowledgedMs, 0.99) },
      load: {
        // The histogram counts the whole time between two ticks, of which one tick was asked for.
        loopDelayP99Ms: Math.max(0, loopDelay.percentile(99) / 1e6 - TICK_MS),
        lagP99Ms: percentile(lagMs, 0.99),
        largestBurst,
      },
    };
  }

  leave(): void {
    for (const client of [...this.#devices, ...this.#actuators]) client.end();
  }

  /** Sends readings one by one at their planned times. @returns how long it took. */
  async #send(durationMs: number, perSecond: number): Promise<number> {
    const startedAt = performance.now();
    const total = Math.round((durationMs * perSecond) / 1_000);
    let sent = 0;
    while (sent < total) {
      await sleep(TICK_MS);
      const elapsedMs = performance.now() - startedAt;
      const due = Math.min(total, Math.floor((elapsedMs * perSecond) / 1_000));
      if (this.#window !== undefined) {
        this.#window.largestBurst = Math.max(this.#window.largestBurst, due - sent);
      }
      for (; sent < due; sent++) this.#sendOne(startedAt + (sent * 1_000) / perSecond);
    }
    return performance.now() - startedAt;
  }

  #sendOne(plannedAt: number): void {
    const { thing, payload, crossing } = this.#plan.next().value;
    const [device, name] = [this.#devices[thing], things[thing]];
    const actuator = actuators[actuatorOf(thing)];
    if (device === undefined || name === undefined || actuator === undefined) {
      throw new RangeError(`no Thing ${thing}`);
    }
    const topic = readingTopic(name);
    const sentAt = performance.now();
    const id = device.publish(topic, payload, { retain: true });
    this.#sentAt[thing]?.set(id, sentAt);
    const window = this.#window;
    if (window === undefined) return;
    window.sent++;
    window.lagMs.push(sentAt - plannedAt);
    if (crossing === undefined) return;
    window.crossed++;
    window.crossings.sent(actuator, crossing, sentAt);
  }

  #onCommand(index: number, topic: string, payload: string): void {
    const receivedAt = performance.now();
    const actuator = actuators[index];
    if (actuator === undefined || topic !== commandTopic(actuator)) return;
    // What an actuator does: it obeys, and says so.
    this.#actuators[index]?.publish(stateTopic(actuator), payload, { retain: true });
    const sentAt = this.#window?.crossings.received(actuator, payload === "true");
    if (sentAt !== undefined) this.#window?.commandMs.push(receivedAt - sentAt);
  }

  #onAcknowledged(thing: number, id: number): void {
    const sentAt = this.#sentAt[thing]?.get(id);
    if (sentAt === undefined) return;
    this.#sentAt[thing]?.delete(id);
    this.#window?.acknowledgedMs.push(performance.now() - sentAt);
  }

  async #join(
    port: number,
    device: string,
    listeners: {
      onMessage?: (topic: string, payload: string) => void;
      onAcknowledged?: (id: number) => void;
    },
  ): Promise<MqttClient> {
    const client = await MqttClient.connect({
      port,
      clientId: device,
      username: device,
      password: PASSWORD,
      ...listeners,
      onLost: (reason) => {
        this.#lost = reason;
      },
    });
    for (const { topic, payload } of introduction(device)) {
      await client.publishAcknowledged(topic, payload, { retain: true });
    }
    return client;
  }
}

function say(message: FromLoad): void {
  process.send?.(message);
}

const load = new Load();

async function obey(order: ToLoad): Promise<void> {
  switch (order.kind) {
    case "enter":
      await load.enter(order.port);
      say({ kind: "entered" });
      break;
    case "report":
      say({ kind: "result", result: await load.report(order) });
      break;
    case "leave":
      load.leave();
      process.disconnect();
      break;
  }
}

process.on("message", (order: ToLoad) => {
  obey(order).catch((error: unknown) => {
    say({ kind: "failed", reason: error instanceof Error ? error.message : String(error) });
  });
});
process.on("disconnect", () => process.exit(0));
