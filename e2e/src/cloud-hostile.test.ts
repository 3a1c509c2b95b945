import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setInterval } from "node:timers/promises";
import { ARN, AwsIot, Flood, forgedDelta, gatewayPolicy, type PolicyDocument } from "@tram/testkit";
import { connectAsync } from "mqtt";
import { describe, expect, test } from "vitest";
import { describeDevice, mosquittoMissing, PROBE } from "./mosquitto.ts";
import { freePort, house, startGateway, temporaryFolder, tram } from "./processes.ts";

const PATIENCE = { timeout: 45_000 };
/** A reading leads to its command by then, however busy the machine is. */
const SOON = { timeout: 5_000, interval: 5 };

/** AWS would not let a hostile account do this; the double does. */
const BOUNDLESS = { publishesPerS: 1e9, bytesPerS: 1e9, unacknowledged: 30_000 };
const DELTAS_PER_S = 10_000;
/** Every so many deltas there is something else on a topic that the gateway hears. */
const DELTAS_PER_JUNK = 4;
/** More than five seconds of it. */
const MOST_SAID = 65_000;
/** One in so many is of QoS 1, which has to be acknowledged. */
const ACKNOWLEDGED = 4;
/** The meter reports so often: with its five channels not more than the cloud is sent in the long run. In milliseconds. */
const REPORTS_EVERY_MS = 100;
/** Readings that are under way together: of one valve a later command would take the place of an earlier one. */
const CHANNELS = ["a", "b", "c", "d", "e"];

/** What the desk of a cloud looks at: `RATE` of cloud-desk.ts. */
const ASKED = { burst: 100, perSecond: 20 };
/** A minute of a flood makes thirty entries and their sums. */
const MOST_AUDITED = 100;
/** What the gateway may grow by meanwhile. In bytes. */
const MOST_GROWN = 150_000_000;

const SIRENS = Array.from({ length: 10 }, (_, index) => `t${index}`);
const WHOLE = { datatype: "integer", settable: true };
const properties = (names: readonly string[], terms: object): Record<string, object> =>
  Object.fromEntries(names.map((name) => [name, terms]));
const RULES = CHANNELS.map(
  (channel) => `
- id: follow-${channel}
  triggers: [{ state: { property: meter/litres/${channel} } }]
  actions: [{ set: valve/opening/${channel}, value: "\${trigger.value}" }]
`,
).join("");

/** Besides what `gatewayPolicy` allows: the shadows of all children in one filter, as the guide has it. */
const CHILDREN: PolicyDocument = {
  Version: "2012-10-17",
  Statement: [
    {
      Effect: "Allow",
      Action: "iot:Subscribe",
      Resource: `${ARN}:topicfilter/$aws/things/+/shadow/name/house/*`,
    },
  ],
};

/** The devices of the house: a meter that reports; a valve, a siren and a door that say what they were set to. */
async function openDevices(port: number) {
  await describeDevice(port, PROBE, "meter", { litres: properties(CHANNELS, { datatype: "integer" }) });
  await describeDevice(port, PROBE, "valve", { opening: properties(CHANNELS, WHOLE) });
  await describeDevice(port, PROBE, "siren", { tone: properties(SIRENS, WHOLE) });
  await describeDevice(port, PROBE, "door", { bolt: { open: { datatype: "boolean", settable: true } } });
  await describeDevice(port, PROBE, "lamp", { light: { on: { datatype: "boolean", settable: true } } });
  const client = await connectAsync({ host: "127.0.0.1", port, ...PROBE });
  const opened = new Map(CHANNELS.map((channel) => [channel, [] as number[]]));
  const sounded: string[] = [];
  const forced: string[] = [];
  client.on("message", (topic, payload) => {
    const [, , thing, , name = ""] = topic.split("/");
    if (thing === "valve") opened.get(name)?.push(Number(payload));
    else (thing === "siren" ? sounded : forced).push(payload.toString());
    client.publish(topic.slice(0, -"/set".length), payload, { qos: 1, retain: true });
  });
  await client.subscribeAsync(
    ["valve", "siren", "door"].map((thing) => `homie/5/${thing}/+/+/set`),
    { qos: 1 },
  );
  const report = (property: string, value: string) =>
    client.publishAsync(`homie/5/${property}`, value, { qos: 1, retain: true });
  return { opened, sounded, forced, report, [Symbol.asyncDispose]: () => client.endAsync(true) };
}

/** One message of the flood. The siren may be set by the cloud, the door may not. */
function misbehave(aws: AwsIot, number: number): void {
  const qos = number % ACKNOWLEDGED === 0 ? 1 : 0;
  const turn = Math.floor(number / (DELTAS_PER_JUNK + 1));
  if (number % (DELTAS_PER_JUNK + 1) !== 0) {
    const terms = { version: 1_000 + number, at: Math.floor(aws.clock.now() / 1_000) };
    const [thing, state] =
      number % 2 === 0
        ? (["siren", { tone: Object.fromEntries(SIRENS.map((name) => [name, number])) }] as const)
        : (["door", { bolt: { open: true } }] as const);
    const topic = `$aws/things/house--${thing}/shadow/name/house/update/delta`;
    aws.publish(topic, forgedDelta(state, terms), { qos });
    return;
  }
  const [topic, payload] = JUNK[turn % JUNK.length] ?? ["", ""];
  aws.publish(topic, turn % 100 === 0 ? OVERSIZED : Buffer.from(payload), { qos });
}

const OVERSIZED = Buffer.alloc(200_000, "x");
const JUNK = [
  ["$aws/things/house/shadow/get/accepted", `{"version":${"9".repeat(400)},"state":${"[".repeat(2_000)}`],
  ["$aws/things/house/jobs/notify-next", '{"execution":{"jobId":"../x","versionNumber":"1"}}'],
  ["$aws/things/house/jobs/start-next/accepted", '{"execution":[{}],"clientToken":7}'],
  ["$aws/things/house--nobody/shadow/name/house/update/delta", '{"version":1e308,"state":{"delta":1}}'],
  ["$aws/things/house/jobs/x/update/rejected", "null"],
] as const;

/** What no gateway could do. */
const MALFORMED_JOBS = [null, "x", { tram: 1 }, { tram: 1, operation: "command", thing: "../..", value: 1 }];

function memoryOf(pid: number | undefined, name: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1_024;
}

describe.skipIf(mosquittoMissing())("a hostile cloud", () => {
  test("floods, lies and asks for what it may not have: the house does not notice, and the bridge goes on", async () => {
    using folder = temporaryFolder("cloud-hostile");
    await using aws = await AwsIot.open({ limits: BOUNDLESS });
    const who = aws.enroll("house", [gatewayPolicy(), CHILDREN]);
    const file = (name: string): string => join(folder.path, name);
    for (const [name, text] of [
      ["root.pem", aws.rootCa],
      ["house.pem", who.certificate],
      ["house.key", who.key],
    ] as const)
      writeFileSync(file(name), text, { mode: 0o600 });
    const mqttPort = await freePort();
    const { config, data } = house(folder.path, {
      mqttPort,
      rules: RULES,
      extra:
        `cloud: [{ id: aws, provider: aws-iot, endpoint: ${aws.host}, port: ${aws.port}, ` +
        `ca_file: ${file("root.pem")}, cert_file: ${file("house.pem")}, key_file: ${file("house.key")}, ` +
        "things: [meter, siren, lamp, door], commands: [siren] }]",
    });
    // Larger than what the gateway reads at all.
    const desired = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, index) => [`n${index}`, { p: "x".repeat(20) }]),
    );
    const empty = { reported: {}, desiredAt: {}, reportedAt: {} };
    aws.shadows.plant("house--lamp", { ...empty, desired, version: 7 }, "house");
    const told = (prefix: string): unknown[] =>
      aws
        .received()
        .filter(({ topic }) => topic.startsWith(`tram/house/${prefix}`))
        .map(({ payload }) => (JSON.parse(payload.toString()) as { value: unknown }).value);

    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const { pid } = gateway.process.child;
    await using devices = await openDevices(mqttPort);
    const { opened, forced, report, sounded } = devices;
    const metered = (channel: string): unknown[] => told(`telemetry/meter/litres/${channel}`);
    let litres = 0;
    /** Of each channel a reading, and the command that comes of it. */
    const tellAndSee = async (): Promise<void> => {
      litres++;
      for (const channel of CHANNELS) void report(`meter/litres/${channel}`, String(litres));
      const arrived = (): number[] => CHANNELS.map((channel) => opened.get(channel)?.length ?? 0);
      await expect.poll(arrived, SOON).toEqual(CHANNELS.map(() => litres));
    };
    // Of what a rule did not know before it is no change.
    for (const channel of CHANNELS) await report(`meter/litres/${channel}`, "0");
    await tellAndSee();
    for (const channel of CHANNELS) await expect.poll(() => metered(channel), PATIENCE).toEqual([0, 1]);
    for (const name of SIRENS) await report(`siren/tone/${name}`, "0");
    await report("door/bolt/open", "false");
    await report("lamp/light/on", "true");
    await expect.poll(() => told("state/lamp/light/on"), PATIENCE).toEqual([true]);

    const before = memoryOf(pid, "VmRSS");
    const beganAt = performance.now();
    for (const [index, document] of MALFORMED_JOBS.entries())
      aws.jobs.create({ jobId: `bad${index}`, document, things: ["house"] });
    const perSecond = DELTAS_PER_S * (1 + 1 / DELTAS_PER_JUNK);
    {
      using flood = new Flood(perSecond, (number) => misbehave(aws, number));
      for await (const _ of setInterval(REPORTS_EVERY_MS)) {
        await tellAndSee();
        if (flood.said >= MOST_SAID) break;
      }
    }
    // What the gateway had not read by then is still on its way.
    const job = { tram: 1, operation: "command", thing: "siren", property: "tone/t0", value: -7 };
    aws.jobs.create({ jobId: "good", document: job, things: ["house"] });
    for await (const _ of setInterval(REPORTS_EVERY_MS)) {
      await tellAndSee();
      if (aws.jobs.get("good", "house")?.status === "SUCCEEDED") break;
      expect(performance.now() - beganAt).toBeLessThan(60_000);
    }
    for (const channel of CHANNELS) await expect.poll(() => metered(channel).at(-1), PATIENCE).toBe(litres);
    const seconds = (performance.now() - beganAt) / 1_000;

    const all = Array.from({ length: litres }, (_, index) => index + 1);
    for (const channel of CHANNELS) {
      expect(opened.get(channel)).toEqual(all);
      // To the cloud each at least once, and none before one that is older.
      expect([...new Set(metered(channel))]).toEqual([0, ...all]);
    }
    expect(forced).toEqual([]);
    expect(sounded).toContain("-7");
    expect(sounded.length).toBeLessThanOrEqual(ASKED.burst + ASKED.perSecond * seconds);
    expect(memoryOf(pid, "VmHWM") - before).toBeLessThan(MOST_GROWN);
    for (const index of MALFORMED_JOBS.keys())
      expect(aws.jobs.get(`bad${index}`, "house")?.status).toBe("REJECTED");

    const shell = async (...args: string[]): Promise<unknown> =>
      JSON.parse((await tram([...args, "--json"], { TRAM_DATA: data })).stdout);
    expect(await shell("bridge", "status")).toMatchObject({ bridges: [{ id: "aws", state: "online" }] });
    const { entries } = (await shell("audit", "--by", "cloud:aws", "--limit", "5000")) as {
      entries: { action: string; subject: string; detail?: string }[];
    };
    expect(entries.length).toBeLessThan(MOST_AUDITED);
    const refused = entries
      .filter(({ action }) => action === "cloud-refused")
      .map(({ detail, subject }) => `${subject} ${detail}`);
    for (const what of [
      /^door\/bolt\/open forbidden: /,
      /^siren\/tone\/t\d busy: /,
      /^job bad\d malformed: /,
      /^\$aws\/things\/house--lamp\/shadow\/name\/house\/get\/accepted too-large: /,
      /^\$aws\/things\/house\/.+ too-large: /,
    ])
      expect(refused).toContainEqual(expect.stringMatching(what));
  });
});
