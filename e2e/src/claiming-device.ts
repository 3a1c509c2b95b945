import { readFileSync } from "node:fs";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";

const SKETCH = readFileSync(
  new URL("../../examples/esp8266-homie/esp8266-homie.ino", import.meta.url),
  "utf8",
);

/** A text of the sketch. It fails when the sketch says something else, so that the two stay one. */
function ofSketch(text: string): string {
  if (!SKETCH.includes(text)) throw new Error(`the sketch does not say ${text}`);
  return text;
}

const REQUEST = ofSketch("tram/1/pair/request");
const REPLY = ofSketch("tram/1/pair/reply");
const DESCRIPTION = /DESCRIPTION = R"\((.*)\)";/.exec(SKETCH)?.[1] ?? "";

export interface Credential {
  readonly id: string;
  readonly username: string;
  readonly password: string;
}

/** Connects as a small device does: MQTT 3.1.1, one attempt, no reconnection. */
export function enter(
  port: number,
  account: { readonly username?: string; readonly password?: string },
  more: IClientOptions = {},
): Promise<MqttClient> {
  return connectAsync({
    host: "127.0.0.1",
    port,
    protocolVersion: 4,
    reconnectPeriod: 0,
    connectTimeout: 5_000,
    ...account,
    ...more,
  });
}

/** The next message of a topic, once. */
function next(client: MqttClient, topic: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error(`nothing came on ${topic}`)), 10_000);
    client.on("message", (found, payload) => {
      if (found !== topic) return;
      clearTimeout(patience);
      resolve(payload.toString());
    });
  });
}

/**
 * The dialog of the sketch in examples/esp8266-homie, message by message: with the code a device asks for its own
 * credential and hears the answer.
 */
export async function claim(
  port: number,
  code: string,
  device: { readonly id: string; readonly kind: string },
): Promise<Credential | { readonly error: string; readonly detail: string }> {
  const client = await enter(port, { username: "pair", password: code }, { clientId: device.id });
  try {
    const answer = next(client, REPLY);
    await client.subscribeAsync(REPLY);
    await client.publishAsync(REQUEST, JSON.stringify(device));
    return JSON.parse(await answer) as Credential;
  } finally {
    await client.endAsync();
  }
}

/**
 * The same sketch with its credential: it describes itself, says what its relay is, and does what it is told.
 */
export async function comeUp(port: number, { id, username, password }: Credential): Promise<MqttClient> {
  const topic = (path: string): string => `homie/5/${id}/${path}`;
  const will = { topic: topic("$state"), payload: Buffer.from("lost"), qos: 1 as const, retain: true };
  const client = await enter(port, { username, password }, { clientId: id, will });
  const say = (path: string, text: string) => client.publishAsync(topic(path), text, { retain: true });
  await say(ofSketch("$state"), ofSketch("init"));
  await say(ofSketch("$description"), DESCRIPTION);
  await say(ofSketch("relay/on"), "false");
  client.on("message", (found, payload) => {
    if (found === topic("relay/on/set")) void say("relay/on", payload.toString());
  });
  await client.subscribeAsync(topic(ofSketch("+/+/set")));
  await say("$state", ofSketch("ready"));
  return client;
}

/** Resolves when the broker has closed a connection; rejects when it does not. */
export function closed(client: MqttClient, what = "a connection"): Promise<void> {
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error(`${what} was not closed`)), 10_000);
    const done = (): void => {
      clearTimeout(patience);
      resolve();
    };
    if (!client.connected) done();
    else client.once("close", done);
  });
}
