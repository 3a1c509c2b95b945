import { setTimeout as sleep } from "node:timers/promises";
import { MqttClient } from "./mqtt-client.ts";
import {
  actuatorOf,
  actuators,
  commandTopic,
  introduction,
  PASSWORD,
  readingTopic,
  stateTopic,
  THRESHOLD,
  things,
} from "./scenario.ts";
import type { System } from "./system.ts";

/** How often the port is tried. In milliseconds. */
const TRY_EVERY_MS = 2;
const GIVE_UP_MS = 60_000;

/**
 * Starts a system that knows its house, and crosses the threshold of one Thing as soon as it lets the Thing in.
 * @param hot on which side of the threshold the Thing comes; the other side than in the start before.
 * @returns the time from the start of the processes to the command at the actuator, in milliseconds.
 */
export async function coldStart(
  system: System,
  house: { folder: string; port: number },
  hot: boolean,
): Promise<number> {
  const [thing = "", actuator = ""] = [things[0], actuators[actuatorOf(0)]];
  const wanted = String(hot);
  const commanded = Promise.withResolvers<number>();
  commanded.promise.catch(() => undefined); // Awaited below; a failure before that is told by the other wait.
  const startedAt = performance.now();
  const launched = system.launch(house.folder);
  const giveUp = setTimeout(
    () => commanded.reject(new Error(`${system.name} did not fire: ${launched.output()}`)),
    GIVE_UP_MS,
  );
  const clients: MqttClient[] = [];
  try {
    const relay = await connectWhenUp(house.port, actuator, startedAt, (topic, payload) => {
      if (topic === commandTopic(actuator) && payload === wanted) commanded.resolve(performance.now());
    });
    clients.push(relay);
    await relay.subscribe(commandTopic(actuator));
    const sensor = await connectWhenUp(house.port, thing, startedAt);
    clients.push(sensor);
    for (const { topic, payload } of introduction(thing)) {
      const celsius = (THRESHOLD + (hot ? 1 : -1)).toFixed(1);
      sensor.publish(topic, topic === readingTopic(thing) ? celsius : payload, { retain: true });
    }
    const elapsedMs = (await commanded.promise) - startedAt;
    // Confirmed: the next start has no command left to repeat.
    await relay.publishAcknowledged(stateTopic(actuator), wanted, { retain: true });
    return elapsedMs;
  } finally {
    clearTimeout(giveUp);
    for (const client of clients) client.end();
    await launched.end();
  }
}

async function connectWhenUp(
  port: number,
  device: string,
  startedAt: number,
  onMessage: (topic: string, payload: string) => void = () => undefined,
): Promise<MqttClient> {
  for (;;) {
    try {
      return await MqttClient.connect({
        port,
        clientId: device,
        username: device,
        password: PASSWORD,
        onMessage,
      });
    } catch (cause) {
      if (performance.now() - startedAt > GIVE_UP_MS) throw new Error("nothing listens", { cause });
      await sleep(TRY_EVERY_MS);
    }
  }
}
