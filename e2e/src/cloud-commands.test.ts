import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { connectAsync, type IPublishPacket, type MqttClient } from "mqtt";
import { describe, expect, test } from "vitest";
import { Forwarder } from "./forwarder.ts";
import { describeDevice, mosquittoMissing, PROBE, startMosquitto } from "./mosquitto.ts";
import { freePort, house, startGateway, temporaryFolder, tram } from "./processes.ts";
import { openRelay } from "./relay.ts";

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

  test("manages the rules that it may manage, as a version of its own, and nothing else", async () => {
    using folder = temporaryFolder("cloud-manages");
    const peerPort = await freePort();
    const { config, data } = house(folder.path, {
      extra: `cloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:${peerPort}", manage: [rules] }]`,
    });
    await using _peer = await startMosquitto(folder.path, peerPort);
    await using cloud = await openCloud(peerPort);
    await cloud.client.subscribeAsync("tram/house/$manage/command", { qos: 1 });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await expect.poll(() => bridgeState(data), PATIENCE).toBe("online");
    const ask = (request: object) =>
      cloud.client.publishAsync("tram/house/$manage", JSON.stringify(request), { qos: 1 });
    const text = '- id: wake\n  triggers: [{ time: "07:00" }]\n  actions: [{ notify: hello }]\n';
    await ask({ id: "m-1", what: "rules", operation: "put", name: "far.yaml", text });
    await ask({ id: "m-2", what: "rules", operation: "put", name: "far.yaml", text: "- id: broken\n" });
    await ask({ id: "m-3", what: "config", operation: "get" });
    await ask({ id: "m-4", what: "rules", operation: "get", name: "far.yaml" });
    await expect.poll(() => cloud.answers.length, PATIENCE).toBe(4);
    const byRequest = new Map(cloud.answers.map(({ answer }) => [answer.request, answer]));
    expect(byRequest.get("m-1")).toMatchObject({ state: "done", value: { file: "far.yaml" } });
    expect(byRequest.get("m-2")).toMatchObject({ state: "refused", code: "invalid-value" });
    expect(byRequest.get("m-3")).toMatchObject({ state: "refused", code: "forbidden" });
    expect(byRequest.get("m-4")).toMatchObject({ state: "done", value: { text } });

    const shell = async (...args: string[]) => (await tram([...args, "--json"], { TRAM_DATA: data })).stdout;
    const { versions } = JSON.parse(await shell("rules", "versions", "wake")) as {
      versions: { by: string }[];
    };
    expect(versions).toMatchObject([{ by: "cloud:up" }]);
    const { entries } = JSON.parse(await shell("audit")) as { entries: { action: string; by: string }[] };
    const own = entries.filter(({ by }) => by === "cloud:up").map(({ action }) => action);
    expect(own.sort()).toEqual(["cloud-read", "cloud-refused", "cloud-refused", "rule-edited"]);
  });

  test("believes the authority of the configuration alone, and says what is wrong", async () => {
    using folder = temporaryFolder("cloud-tls");
    const peerPort = await freePort();
    const file = (name: string): string => join(folder.path, name);
    for (const name of ["peer", "other"]) {
      const key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        file(`${name}.key`),
      ];
      const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
      execFileSync(
        "openssl",
        ["req", "-x509", "-days", "2", ...key, ...subject, "-out", file(`${name}.pem`)],
        {
          stdio: "pipe",
        },
      );
    }
    const bridge = (id: string, ca: string): string =>
      `{ id: ${id}, provider: mqtt, url: "mqtts://localhost:${peerPort}", client_id: ${id}, ca_file: ${ca}.pem }`;
    const { config, data } = house(folder.path, {
      extra: `cloud: [${bridge("right", "peer")}, ${bridge("wrong", "other")}]`,
    });
    await using _peer = await startMosquitto(folder.path, peerPort, [
      `certfile ${file("peer.pem")}`,
      `keyfile ${file("peer.key")}`,
      // As root it would change to a user who cannot read the key.
      ...(process.getuid?.() === 0 ? ["user root"] : []),
    ]);
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const seen = async () => {
      const { stdout } = await tram(["bridge", "status", "--json"], { TRAM_DATA: data });
      const { bridges } = JSON.parse(stdout || '{"bridges":[]}') as {
        bridges: { state: string; lastError?: string }[];
      };
      return bridges.map(({ state, lastError }) => [state, lastError]);
    };
    await expect.poll(seen, PATIENCE).toEqual([
      ["online", undefined],
      ["offline", expect.stringMatching(/localhost:\d+: its certificate .*not known here$/)],
    ]);
  });

  test("sees the house in Homie, and sets it there", async () => {
    using folder = temporaryFolder("cloud-homie");
    const peerPort = await freePort();
    const mqttPort = await freePort();
    const { config } = house(folder.path, {
      mqttPort,
      extra: `cloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:${peerPort}", format: homie, commands: all }]`,
    });
    await using _peer = await startMosquitto(folder.path, peerPort);
    const kept = new Map<string, string>();
    const client = await connectAsync({ host: "127.0.0.1", port: peerPort });
    client.on("message", (topic, payload) => kept.set(topic, payload.toString()));
    await client.subscribeAsync("homie/5/#", { qos: 1 });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await describeDevice(mqttPort, PROBE, "relay", {
      switch: { on: { datatype: "boolean", settable: true } },
    });
    await using relay = await openRelay(mqttPort);
    await relay.report(false);
    await expect.poll(() => kept.get("homie/5/relay/switch/on"), PATIENCE).toBe("false");
    await expect.poll(() => kept.get("homie/5/relay/$state"), PATIENCE).toBe("ready");
    await expect
      .poll(() => JSON.parse(kept.get("homie/5/house/$description") ?? "{}").children, PATIENCE)
      .toEqual(["relay"]);
    expect(JSON.parse(kept.get("homie/5/relay/$description") ?? "")).toMatchObject({
      root: "house",
      name: "relay",
    });
    await client.publishAsync("homie/5/relay/switch/on/set", "true", { qos: 1 });
    await expect.poll(() => relay.set, PATIENCE).toEqual(["true"]);
    await relay.report(true);
    await expect.poll(() => kept.get("homie/5/relay/switch/on"), PATIENCE).toBe("true");
    await client.endAsync(true);
  });
});
