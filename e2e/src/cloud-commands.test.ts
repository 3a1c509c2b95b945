import { connect, connectAsync, type IPublishPacket, type MqttClient } from "mqtt";
import { describe, expect, test } from "vitest";
import { Forwarder } from "./forwarder.ts";
import { describeDevice, mosquittoMissing, PROBE, startMosquitto } from "./mosquitto.ts";
import { freePort, house, startGateway, temporaryFolder, tram } from "./processes.ts";

const PATIENCE = { timeout: 45_000 };

interface Answer {
  readonly topic: string;
  readonly answer: Record<string, unknown>;
  readonly properties: IPublishPacket["properties"];
}

/** Somebody in the cloud, who hears every answer. */
async function openCloud(port: number): Promise<{ client: MqttClient; answers: Answer[] } & AsyncDisposable> {
  const client = await connectAsync({ host: "127.0.0.1", port, protocolVersion: 5 });
  const answers: Answer[] = [];
  client.on("message", (topic, payload, packet) =>
    answers.push({ topic, answer: JSON.parse(payload.toString()), properties: packet.properties }),
  );
  await client.subscribeAsync(["tram/house/+/+/+/command", "tram/house/+/+/command", "answers/#"], {
    qos: 1,
  });
  return { client, answers, [Symbol.asyncDispose]: () => client.endAsync(true) };
}

/** A relay at the gateway's own broker, whose session waits for it; it tells what it was set to, and says nothing by itself. */
async function openRelay(
  port: number,
): Promise<{ set: string[]; report(on: boolean): Promise<void> } & AsyncDisposable> {
  const client = connect({ host: "127.0.0.1", port, ...PROBE, clean: false, clientId: "relay" });
  const set: string[] = [];
  client.on("message", (_topic, payload) => set.push(payload.toString()));
  await new Promise((resolve, reject) => client.once("connect", resolve).once("error", reject));
  await client.subscribeAsync("homie/5/relay/switch/on/set", { qos: 1 });
  await client.publishAsync("homie/5/relay/$state", "ready", { qos: 1, retain: true });
  return {
    set,
    report: async (on) => {
      await client.publishAsync("homie/5/relay/switch/on", String(on), { qos: 1, retain: true });
    },
    [Symbol.asyncDispose]: () => client.endAsync(true),
  };
}

async function bridgeState(data: string): Promise<string | undefined> {
  const { stdout } = await tram(["bridge", "status", "--json"], { TRAM_DATA: data });
  return (JSON.parse(stdout || "{}") as { bridges?: { state: string }[] }).bridges?.[0]?.state;
}

describe.skipIf(mosquittoMissing())("a cloud gives commands", () => {
  test("given while the gateway is offline it reaches the relay, and its answer survives kill -9 in between", async () => {
    using folder = temporaryFolder("cloud-commands");
    const peerPort = await freePort();
    const mqttPort = await freePort();
    await using door = new Forwarder(await freePort(), peerPort);
    const { config, data } = house(folder.path, {
      mqttPort,
      extra: `cloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:${door.port}", protocol_version: 5, commands: [relay], command_ttl_s: 120 }]`,
    });
    await using _peer = await startMosquitto(folder.path, peerPort);
    await using cloud = await openCloud(peerPort);
    await door.open();
    const first = await startGateway(config);
    await describeDevice(mqttPort, PROBE, "relay", {
      switch: { on: { datatype: "boolean", settable: true } },
    });
    await expect.poll(() => bridgeState(data), PATIENCE).toBe("online");

    // Offline; the broker keeps the command.
    await door.close();
    await expect.poll(() => bridgeState(data), PATIENCE).not.toBe("online");
    const correlationData = Buffer.from("ticket-7");
    await cloud.client.publishAsync(
      "tram/house/relay/switch/on/set",
      JSON.stringify({ id: "r-1", value: true, time: new Date().toISOString(), ttl_s: 90 }),
      { qos: 1, properties: { responseTopic: "answers/me", correlationData } },
    );
    {
      await using relay = await openRelay(mqttPort);
      await door.open();
      await expect.poll(() => relay.set, PATIENCE).toEqual(["true"]);
    }
    // Accepted and sent, and nobody has answered.
    await first.process.end("SIGKILL");
    expect(cloud.answers).toEqual([]);

    const second = await startGateway(config);
    await using _process = second.process;
    await using relay = await openRelay(mqttPort);
    await expect.poll(() => relay.set.length, PATIENCE).toBeGreaterThan(0);
    await relay.report(true);
    await expect
      .poll(() => cloud.answers, PATIENCE)
      .toMatchObject([
        {
          topic: "answers/me",
          answer: { request: "r-1", state: "confirmed", value: true, origin: "cloud:up" },
          properties: { correlationData },
        },
      ]);

    // The same request once more is not carried out again, and answered the same.
    const before = relay.set.length;
    await cloud.client.publishAsync("tram/house/relay/switch/on/set", '{"id":"r-1","value":true}', {
      qos: 1,
    });
    await expect.poll(() => cloud.answers.length, PATIENCE).toBe(2);
    expect(cloud.answers[1]).toMatchObject({
      topic: "tram/house/relay/switch/on/command",
      answer: { request: "r-1", state: "confirmed" },
    });
    // Too old, and what nobody has allowed.
    const old = new Date(Date.now() - 300_000).toISOString();
    await cloud.client.publishAsync(
      "tram/house/relay/switch/on/set",
      `{"id":"r-2","value":false,"time":"${old}"}`,
      { qos: 1 },
    );
    await cloud.client.publishAsync("tram/house/lamp/switch/on/set", '{"id":"r-3","value":true}', { qos: 1 });
    await expect.poll(() => cloud.answers.length, PATIENCE).toBe(4);
    expect(cloud.answers.slice(2).map(({ answer }) => [answer.request, answer.state, answer.code])).toEqual([
      ["r-2", "refused", "expired"],
      ["r-3", "refused", "forbidden"],
    ]);
    expect(relay.set.length).toBe(before);
  });
});
