import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";

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
    const answer = next(client, "tram/1/pair/reply");
    await client.subscribeAsync("tram/1/pair/reply");
    await client.publishAsync("tram/1/pair/request", JSON.stringify(device));
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
  const description = {
    homie: "5.0",
    version: 1,
    name: id,
    nodes: { relay: { properties: { on: { datatype: "boolean", settable: true } } } },
  };
  const say = (path: string, text: string) =>
    client.publishAsync(topic(path), text, { retain: true, qos: 1 });
  await say("$state", "init");
  await say("$description", JSON.stringify(description));
  await say("relay/on", "false");
  client.on("message", (found, payload) => {
    if (found === topic("relay/on/set")) void say("relay/on", payload.toString());
  });
  await client.subscribeAsync(topic("+/+/set"));
  await say("$state", "ready");
  return client;
}

/** Resolves when the broker has closed a connection. */
export function closed(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    if (!client.connected) resolve();
    else client.once("close", () => resolve());
  });
}
