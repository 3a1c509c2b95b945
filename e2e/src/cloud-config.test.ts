import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { describe, expect, test } from "vitest";
import { mosquittoMissing, startMosquitto } from "./mosquitto.ts";
import { freePort, house, startGateway, temporaryFolder, tram } from "./processes.ts";

const PATIENCE = { timeout: 45_000 };
const SECRETS = /probe-password|eyes-password|cloud-password/;

interface Answer {
  readonly request: string;
  readonly state: string;
  readonly code?: string;
  readonly reason?: string;
  readonly value?: Readonly<Record<string, unknown>> & { readonly text: string; readonly revision: string };
}

/** Somebody in the cloud who manages the configuration, and all that was ever said to them. */
async function openCloud(port: number) {
  const client: MqttClient = await connectAsync({ host: "127.0.0.1", port, protocolVersion: 5 });
  const heard: string[] = [];
  const waiting = new Map<string, (answer: Answer) => void>();
  client.on("message", (_topic, payload) => {
    heard.push(payload.toString());
    const answer = JSON.parse(payload.toString()) as Answer;
    waiting.get(answer.request)?.(answer);
  });
  await client.subscribeAsync("tram/house/$manage/command", { qos: 1 });
  let asked = 0;
  const ask = async (operation: "get" | "put", more: object = {}): Promise<Answer> => {
    const id = `m-${++asked}`;
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
    const request = JSON.stringify({ id, what: "config", operation, ...more });
    await client.publishAsync("tram/house/$manage", request, { qos: 1 });
    return answered;
  };
  const get = async () => {
    const { value } = await ask("get");
    if (value === undefined) throw new Error("the configuration was not shown");
    return value;
  };
  const put = (text: string, revision?: string) => ask("put", { text, ...(revision ? { revision } : {}) });
  return { client, heard, ask, get, put, [Symbol.asyncDispose]: () => client.endAsync(true) };
}

async function json<T>(data: string, ...args: string[]): Promise<T> {
  return JSON.parse((await tram([...args, "--json"], { TRAM_DATA: data })).stdout || "{}") as T;
}

async function online(data: string): Promise<void> {
  const state = async () =>
    (await json<{ bridges?: { state: string }[] }>(data, "bridge", "status")).bridges?.[0]?.state;
  await expect.poll(state, PATIENCE).toBe("online");
}

const audited = async (data: string) =>
  (
    await json<{ entries: { action: string; by: string; subject: string; detail?: string }[] }>(data, "audit")
  ).entries.filter(({ by }) => by === "cloud:up");

const problems = async (data: string) =>
  (await json<{ gateway: { problems: { code: string; problem: string }[] } }>(data, "status")).gateway
    .problems;

describe.skipIf(mosquittoMissing())("a cloud puts the configuration", () => {
  test("shown, changed, put: in force after the next start, with its secrets, on record, the one before beside it", async () => {
    using folder = temporaryFolder("cloud-config");
    const peerPort = await freePort();
    const { config, data } = house(folder.path, { extra: extra(peerPort) });
    const original = readFileSync(config, "utf8");
    await using _peer = await startMosquitto(folder.path, peerPort);
    await using cloud = await openCloud(peerPort);
    const first = await startGateway(config);
    await online(data);
    const shown = await cloud.get();
    expect(shown).toMatchObject({ inForce: true });
    const text = shown.text.replace("name: Test house", "name: From afar # it was named anew");
    const answer = await cloud.put(text, shown.revision);
    expect(answer).toMatchObject({
      state: "done",
      value: { changed: ["gateway.name"], takesEffect: "at the next start", before: `${config}.before` },
    });
    expect(readFileSync(`${config}.before`, "utf8")).toBe(original);
    expect(statSync(`${config}.before`).mode & 0o777).toBe(0o600);
    // Who saw the text before does not overwrite what is there now.
    const stale = await cloud.put(text.replace("From afar", "Too late"), shown.revision);
    expect(stale).toMatchObject({ state: "refused", code: "busy" });
    expect(await cloud.get()).toMatchObject({ inForce: false });
    await first.process.end();

    const second = await startGateway(config);
    await using _process = second.process;
    // A device's password came through all of it.
    const device = await connectAsync({
      host: "127.0.0.1",
      port: second.mqttPort,
      username: "probe",
      password: "probe-password",
    });
    await device.endAsync(true);
    await online(data);
    const status = await json<{ gateway: { name: string } }>(data, "status");
    expect(status.gateway.name).toBe("From afar");
    expect(await cloud.get()).toMatchObject({ inForce: true });
    expect(await problems(data)).toEqual([]);
    const entries = await audited(data);
    expect(entries.filter(({ action }) => action !== "cloud-read")).toMatchObject([
      { action: "cloud-refused", subject: "config", detail: expect.stringMatching(/^busy: /) },
      { action: "config-changed", subject: config, detail: "gateway.name" },
    ]);
    const logs = first.process.stderr + second.process.stderr;
    expect(cloud.heard.join("\n") + JSON.stringify(entries) + logs).not.toMatch(SECRETS);
  });

  test("what is broken or hostile is refused and told, nothing is written, and the house goes on", async () => {
    using folder = temporaryFolder("cloud-config");
    const peerPort = await freePort();
    const { config, data } = house(folder.path, { extra: extra(peerPort) });
    const original = readFileSync(config, "utf8");
    await using _peer = await startMosquitto(folder.path, peerPort);
    await using cloud = await openCloud(peerPort);
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await online(data);
    const { text } = await cloud.get();
    const bomb = ["a: &a [x,x,x,x,x,x,x,x,x]"];
    for (const [from, to] of ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"]) {
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(",")}]`);
    }
    const answers = [
      await cloud.put(text.replace("id: house", "id: mansion")),
      await cloud.put(`${text}log: { level: loud }\nevents: { keep_hours: 0 }\n`),
      await cloud.put(bomb.join("\n")),
      await cloud.put(`${text}__proto__: { polluted: true }\n`),
      // As long as may be, and hard to read.
      await cloud.put("[".repeat(65_536)),
      // There have been many.
      await cloud.put(text.replace("Test house", "One more")),
    ];
    expect(answers.map(({ state, code, reason }) => [state, code, reason])).toEqual([
      ["refused", "forbidden", "gateway.id: changed on the gateway alone"],
      [
        "refused",
        "invalid-value",
        expect.stringMatching(/events\.keep_hours: expected >= 1, found 0.*log\.level: .*found "loud"/),
      ],
      ["refused", "invalid-value", expect.stringContaining("Alias resolution is disabled")],
      ["refused", "forbidden", "__proto__.polluted: changed on the gateway alone"],
      ["refused", "invalid-value", expect.stringMatching(/too many levels|expected YAML/)],
      ["refused", "busy", expect.any(String)],
    ]);
    expect(await cloud.put("x".repeat(65_537))).toMatchObject({ code: "malformed" });
    // It is not even held in memory, nobody is answered, and the line stays.
    await cloud.client.publishAsync("tram/house/$manage", Buffer.alloc(10_000_000, "x"), { qos: 1 });
    expect(await cloud.get()).toMatchObject({ text });
    expect(readFileSync(config, "utf8")).toBe(original);
    expect(await problems(data)).toEqual([]);
    const entries = await audited(data);
    const refused = entries
      .filter(({ action }) => action === "cloud-refused")
      .map(({ detail = "" }) => detail);
    // Of many of a kind the first is told, with paths and without values.
    expect(refused).toEqual(
      expect.arrayContaining([
        "forbidden: gateway.id: changed on the gateway alone",
        "invalid-value: events.keep_hours; log.level",
        expect.stringMatching(/^busy: /),
        expect.stringMatching(/^malformed: /),
        expect.stringMatching(/^too-large: /),
      ]),
    );
    expect(refused.join("\n")).not.toMatch(/mansion|loud/);
  });

  test("where it does not come up, the last good one runs; and the cloud mends it", async () => {
    using folder = temporaryFolder("cloud-config");
    const peerPort = await freePort();
    const { config, data } = house(folder.path, { extra: extra(peerPort) });
    await using _peer = await startMosquitto(folder.path, peerPort);
    await using cloud = await openCloud(peerPort);
    const first = await startGateway(config);
    await online(data);
    const { text } = await cloud.get();
    expect(await cloud.put(text.replace("Test house", "From afar"))).toMatchObject({ state: "done" });
    await first.process.end();
    // A disk that was torn, or a hand that slipped.
    const torn = readFileSync(config, "utf8").slice(0, -20);
    writeFileSync(config, torn);

    const second = await startGateway(config);
    await online(data);
    expect((await json<{ gateway: { name: string } }>(data, "status")).gateway.name).toBe("Test house");
    expect(await problems(data)).toMatchObject([{ code: "config" }]);
    const shown = await cloud.get();
    expect(shown.text).toContain("Test house");
    const mended = await cloud.put(shown.text.replace("Test house", "Mended"), shown.revision);
    expect(mended).toMatchObject({ state: "done", value: { changed: ["gateway.name"] } });
    expect(readFileSync(`${config}.before`, "utf8")).toBe(torn);
    await second.process.end();

    const third = await startGateway(config);
    await using _process = third.process;
    await online(data);
    expect((await json<{ gateway: { name: string } }>(data, "status")).gateway.name).toBe("Mended");
    expect(await problems(data)).toEqual([]);
    expect(readFileSync(config, "utf8")).toMatch(SECRETS);
    expect(cloud.heard.join("\n")).not.toMatch(SECRETS);
  });

  test("on OpenWrt the file is made of UCI: it is shown, and nothing can be put", async () => {
    using folder = temporaryFolder("cloud-config");
    const peerPort = await freePort();
    const { config: base } = house(folder.path, { extra: extra(peerPort) });
    const file = (name: string): string => join(folder.path, name);
    writeFileSync(file("uci"), "config gateway 'gateway'\n\toption name 'Router'\n");
    const rendered = await tram([
      ...["config", "render", "--uci", file("uci"), "--base", base, "--system", file("none")],
      ...["--out", file("rendered.yaml")],
    ]);
    expect(rendered).toMatchObject({ code: 0 });
    const before = readFileSync(file("rendered.yaml"), "utf8");
    await using _peer = await startMosquitto(folder.path, peerPort);
    await using cloud = await openCloud(peerPort);
    const gateway = await startGateway(file("rendered.yaml"));
    await using _process = gateway.process;
    await online(file("data"));
    const shown = await cloud.get();
    expect(shown).toMatchObject({ readOnly: expect.stringContaining("UCI") });
    expect(await cloud.put(shown.text.replace("Router", "From afar"))).toMatchObject({
      state: "refused",
      code: "not-available",
      reason: expect.stringContaining("uci or LuCI"),
    });
    expect(readFileSync(file("rendered.yaml"), "utf8")).toBe(before);
    expect((await audited(file("data"))).map(({ action }) => action)).toContain("cloud-refused");
  });
});

function extra(peerPort: number): string {
  return `cloud:
  - id: up
    provider: mqtt
    url: "mqtt://127.0.0.1:${peerPort}"
    username: station
    password: cloud-password # of our own
    manage: [config]
`;
}
