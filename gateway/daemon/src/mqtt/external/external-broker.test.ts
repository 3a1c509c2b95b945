import { type AddressInfo, createServer, type Server } from "node:net";
import { StoreError } from "@tram/core";
import { VirtualClock } from "@tram/testkit";
import { Aedes } from "aedes";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestAuthority } from "../listeners/testing/certificates.ts";
import { openExternalBroker } from "./external-broker.ts";
import { ExternalHouse, message, shown } from "./testing/external-house.ts";
import { freePort, Mosquitto, mosquittoIsMissing } from "./testing/mosquitto.ts";
import { TcpLine } from "./testing/tcp-line.ts";

const TOPIC = "homie/5/sensor/air/temperature";

/** A client of the external broker. */
class Device implements AsyncDisposable {
  readonly heard: string[] = [];
  readonly client: MqttClient;

  static async connect(mosquitto: Mosquitto, options: IClientOptions = {}): Promise<Device> {
    return new Device(await connectAsync(mosquitto.url, { reconnectPeriod: 0, ...options }));
  }

  private constructor(client: MqttClient) {
    this.client = client;
    client.on("message", (topic, payload, { retain }) => {
      this.heard.push(`${topic} ${payload}${retain ? " (retained)" : ""}`);
    });
    client.on("error", () => undefined);
  }

  async say(topic: string, payload: string, retain = false): Promise<void> {
    await this.client.publishAsync(topic, payload, { qos: 1, retain });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.endAsync(true);
  }
}

describe.skipIf(mosquittoIsMissing())("with mosquitto", () => {
  let mosquitto: Mosquitto;
  beforeEach(async () => {
    mosquitto = await Mosquitto.open({ persistence: true });
  });
  afterEach(() => mosquitto[Symbol.asyncDispose]());

  const open = (
    options: Partial<ConstructorParameters<typeof ExternalHouse>[0]> = {},
  ): Promise<ExternalHouse> => new ExternalHouse({ url: mosquitto.url, ...options }).up();

  test.each(["5.0", "3.1.1"] as const)(
    "hears devices over MQTT %s, retained values first",
    async (version) => {
      await using device = await Device.connect(mosquitto);
      await device.say(TOPIC, "20", true);
      await using house = await open({ version });
      await expect.poll(() => house.heard).toEqual([`${TOPIC} 20`]);
      expect(house.taken[0]).toMatchObject({
        client: { id: "house", username: "external", address: "127.0.0.1", protocol: version },
        message: { qos: 1, retain: true },
      });
      await device.say(TOPIC, "21");
      await device.say("elsewhere", "x");
      await device.say(TOPIC, "", true);
      await expect.poll(() => house.heard).toEqual([`${TOPIC} 20`, `${TOPIC} 21`, `${TOPIC} `]);
      expect(house.taken.map(({ message: { retain } }) => retain)).toEqual([true, false, true]);
    },
  );

  test.each(["5.0", "3.1.1"] as const)("does not hear itself over MQTT %s", async (version) => {
    await using device = await Device.connect(mosquitto);
    await device.client.subscribeAsync("homie/5/#");
    await using house = await open({ version });
    const set = "homie/5/fan/fan/on/set";
    await house.broker.publish(message(set, "true"));
    await house.broker.publish(message("homie/5/house/$state", "ready", { retain: true }));
    await expect.poll(() => device.heard).toEqual([`${set} true`, "homie/5/house/$state ready"]);
    await device.say(set, "true");
    await device.say(set, "false");
    await expect.poll(() => house.heard).toEqual([`${set} true`, `${set} false`]);
  });

  test("what an earlier life left there is not taken for a device's", async () => {
    const state = "homie/5/house/$state";
    const first = await open();
    await first.broker.publish(message(state, "ready", { retain: true }));
    await first[Symbol.asyncDispose]();
    const house = new ExternalHouse({ url: mosquitto.url });
    await using _end = house;
    house.isOwn = ({ topic }) => topic === state;
    await house.up();
    await using device = await Device.connect(mosquitto);
    await device.say(TOPIC, "21");
    await expect.poll(() => house.heard).toEqual([`${TOPIC} 21`]);
  });

  test("acknowledges only what was kept: what was under way at a crash comes again", async () => {
    await using device = await Device.connect(mosquitto);
    const first = await open();
    const never = new Promise<boolean>(() => undefined);
    first.accept = ({ payload }) => (String(payload) === "2" ? never : true);
    for (const value of ["1", "2", "3"]) await device.say(TOPIC, value);
    await expect.poll(() => first.heard.length).toBe(3);
    // Another connection with the client id ends this one without a word, as a crash does.
    await using second = await open();
    await expect.poll(() => second.heard).toEqual([`${TOPIC} 2`, `${TOPIC} 3`]);
    await first[Symbol.asyncDispose]();
  });

  test("acknowledges in the order of arrival, however long each takes, and reads on meanwhile", async () => {
    await using device = await Device.connect(mosquitto);
    const first = await open();
    const settle = new Map<string, (kept: boolean) => void>();
    first.accept = ({ payload }) => new Promise((resolve) => settle.set(String(payload), resolve));
    for (let value = 1; value <= 15; value++) await device.say(TOPIC, String(value));
    await expect.poll(() => settle.size).toBe(15);
    for (const value of ["3", "1", "15"]) settle.get(value)?.(true);
    // It goes out behind the acknowledgement.
    await device.client.subscribeAsync("settled");
    await first.broker.publish(message("settled", ""));
    await expect.poll(() => device.heard).toEqual(["settled "]);
    await using second = await open();
    await expect.poll(() => second.heard.length).toBe(14);
    expect(second.heard[0]).toBe(`${TOPIC} 2`);
    await first[Symbol.asyncDispose]();
  });

  test("what devices say while the gateway is away is not lost", async () => {
    const first = await open();
    await first[Symbol.asyncDispose]();
    await using device = await Device.connect(mosquitto);
    for (let value = 0; value < 50; value++) await device.say(TOPIC, String(value));
    await using second = await open();
    await expect.poll(() => second.heard.length).toBe(50);
    expect(second.heard.at(-1)).toBe(`${TOPIC} 49`);
  });

  test("nothing is lost when mosquitto restarts and links break under load", async () => {
    await using house = await open();
    const sent = new Set<string>();
    for (let round = 0; round < 4; round++) {
      await using device = await Device.connect(mosquitto);
      for (let value = 0; value < 100; value++) {
        const text = `${round}-${value}`;
        device.client.publish(TOPIC, text, { qos: 1 }, (error) => {
          if (!error) sent.add(`${TOPIC} ${text}`);
        });
      }
      await expect.poll(() => sent.size).toBeGreaterThan(round * 100 + 50);
      await mosquitto.stop();
      await mosquitto.start();
      await house.says("is connected", round + 2);
    }
    await expect
      .poll(() => [...sent].filter((line) => !house.heard.includes(line)), { timeout: 5_000 })
      .toEqual([]);
    expect(sent.size).toBeGreaterThan(200);
  });

  test("a disk that cannot be written: nothing is acknowledged, local control goes on, all comes again", async () => {
    await using device = await Device.connect(mosquitto);
    await using house = await open();
    house.accept = () => Promise.reject(new StoreError("full", "the disk is full"));
    await device.say(TOPIC, "first");
    await expect.poll(() => house.heard.length).toBe(1);
    // More than mosquitto sends without an acknowledgement.
    for (let value = 0; value < 60; value++) await device.say(TOPIC, String(value));
    await expect.poll(() => house.heard.length).toBe(61);
    expect(house.taken.at(-1)?.message.qos).toBe(0);
    house.taken.length = 0;
    house.accept = () => true;
    house.broker.askAgain();
    await expect.poll(() => house.heard).toContain(`${TOPIC} first`);
    await device.say(TOPIC, "healed");
    await expect.poll(() => house.heard.at(-1)).toBe(`${TOPIC} healed`);
    expect(house.taken.at(-1)?.message.qos).toBe(1);
    expect(house.broker.problems).toEqual([]);
    house.taken.length = 0;
    house.broker.askAgain();
    await device.say(TOPIC, "after");
    await expect.poll(() => house.heard).toEqual([`${TOPIC} after`]);
    expect(house.lines.filter((line) => line.startsWith("warn"))).toEqual([]);
  });

  test("what the house refuses is acknowledged all the same: only the broker could turn it away", async () => {
    await using device = await Device.connect(mosquitto);
    const house = await open();
    house.accept = () => Promise.reject(new Error("not wanted"));
    await device.say(TOPIC, "21");
    await house.says("a message was refused");
    await house[Symbol.asyncDispose]();
    await using again = await open();
    await device.say(TOPIC, "22");
    await expect.poll(() => again.heard).toEqual([`${TOPIC} 22`]);
  });

  test("retained messages and commands wait for a broker that is down; the latest value counts", async () => {
    await using house = await open();
    await mosquitto.stop();
    await house.says("cannot be used");
    for (const value of ["1", "2", "3"]) {
      await house.broker.publish(message("homie/5/lamp/lamp/level", value, { retain: true }));
    }
    const command = house.broker.publish(message("homie/5/fan/fan/on/set", "true"));
    await expect(house.broker.publish(message("a", "x", { qos: 0 }))).rejects.toMatchObject({ code: "io" });
    expect(house.broker.metrics()).toMatchObject({ queuedMessages: 2 });
    expect(house.broker.problems).toMatchObject([{ code: "broker", where: "mqtt.external" }]);
    await mosquitto.start();
    await using device = await Device.connect(mosquitto);
    await device.client.subscribeAsync(["homie/5/lamp/#", "homie/5/fan/#"], { qos: 1 });
    await command;
    await expect
      .poll(() => device.heard.toSorted())
      .toEqual(["homie/5/fan/fan/on/set true", "homie/5/lamp/lamp/level 3"]);
    expect(house.broker.metrics()).toMatchObject({ queuedMessages: 0, queuedBytes: 0 });
    expect(house.broker.problems).toEqual([]);
    expect(house.lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
  });

  test("a broker that has lost everything gets the retained messages again", async () => {
    await using house = await open();
    await house.broker.publish(message("homie/5/lamp/lamp/level", "3", { retain: true }));
    await house.broker.publish(message("homie/5/lamp/lamp/on", "true", { retain: true }));
    await house.broker.publish(message("homie/5/lamp/lamp/on", "", { retain: true }));
    await expect.poll(() => house.broker.metrics().queuedMessages).toBe(0);
    await mosquitto.stop("SIGKILL"); // Before it has written anything down.
    await mosquitto.start();
    await house.says("is connected", 2);
    await using device = await Device.connect(mosquitto);
    await device.client.subscribeAsync("homie/5/#", { qos: 1 });
    await expect.poll(() => device.heard).toEqual(["homie/5/lamp/lamp/level 3 (retained)"]);
  });

  test("a gateway that vanishes is lost; one that comes back or says goodbye is not", async () => {
    const state = "homie/5/house/$state";
    await using device = await Device.connect(mosquitto);
    await device.client.subscribeAsync(state, { qos: 1 });
    await using line = await TcpLine.open(mosquitto.port);
    const house = await open({ url: line.url });
    await house.broker.publish(message(state, "ready", { retain: true }));
    await expect.poll(() => device.heard).toEqual([`${state} ready`]);
    line.cut();
    await expect.poll(() => device.heard).toEqual([`${state} ready`, `${state} lost`]);
    await expect.poll(() => device.heard.length, { timeout: 5_000 }).toBe(3);
    await house.broker.publish(message(state, "disconnected", { retain: true }));
    await house[Symbol.asyncDispose]();
    expect(device.heard.slice(2)).toEqual([`${state} ready`, `${state} disconnected`]);
  });

  test("what was on its way when the link broke is sent again", async () => {
    await using device = await Device.connect(mosquitto);
    await device.client.subscribeAsync("homie/5/+/fan/#", { qos: 1 });
    await using line = await TcpLine.open(mosquitto.port);
    await using house = await open({ url: line.url });
    line.hold();
    const command = house.broker.publish(message("homie/5/fan/fan/on/set", "true"));
    await house.broker.publish(message("homie/5/lamp/fan/level", "1", { retain: true }));
    line.cut();
    await command;
    await expect
      .poll(() => device.heard)
      .toEqual(["homie/5/fan/fan/on/set true", "homie/5/lamp/fan/level 1"]);
  });

  test("what was published before the stop is at the broker after it", async () => {
    const house = await open();
    for (let count = 0; count < 300; count++) {
      await house.broker.publish(message(`homie/5/x/y/p${count}`, "1", { retain: true }));
    }
    await house[Symbol.asyncDispose]();
    await using device = await Device.connect(mosquitto);
    await device.client.subscribeAsync("homie/5/x/#");
    await expect.poll(() => device.heard.length).toBe(300);
  });

  test("a flood is read as fast as the house looks at it", async () => {
    await using device = await Device.connect(mosquitto);
    await using house = await open();
    const settle: ((kept: boolean) => void)[] = [];
    house.accept = () => new Promise((resolve) => settle.push(resolve));
    // When somebody else has all of it, the broker has sent it to the house too.
    await using other = await Device.connect(mosquitto);
    await other.client.subscribeAsync(TOPIC);
    for (let count = 0; count < 1_000; count++) device.client.publish(TOPIC, String(count), { qos: 0 });
    await expect.poll(() => house.heard.length).toBe(256);
    await expect.poll(() => other.heard.length).toBe(1_000);
    expect(house.heard.length).toBe(256);
    house.accept = () => true;
    for (const done of settle) done(true);
    await expect.poll(() => house.heard.length).toBe(1_000);
  });

  test("listeners in the process hear clients and the gateway, what is retained first", async () => {
    await using device = await Device.connect(mosquitto);
    await device.say("plain/retained", "0", true);
    await using house = await open();
    const heard: string[] = [];
    const subscription = house.broker.subscribe("plain/+", { qos: 0 }, (one) => {
      heard.push(`${shown(one)} ${one.qos}`);
    });
    await expect.poll(() => heard).toEqual(["plain/retained 0 0"]);
    await device.say("plain/a", "1");
    await house.broker.publish(message("plain/b", "2"));
    await device.say("homie/5/x/y/z", "3");
    await expect.poll(() => heard).toEqual(["plain/retained 0 0", "plain/a 1 0", "plain/b 2 0"]);
    house.accept = () => false;
    await device.say("plain/a", "swallowed");
    await expect.poll(() => house.heard).toContain("plain/a swallowed");
    subscription[Symbol.dispose]();
    await device.say("plain/a", "4");
    await house.broker.publish(message("plain/b", "5"));
    await device.say(TOPIC, "mark");
    await expect.poll(() => house.heard.at(-1)).toBe(`${TOPIC} mark`);
    expect(heard).toHaveLength(3);
    expect(house.heard).not.toContain("plain/a 4");
  });

  test("properties of MQTT 5 go both ways", async () => {
    const properties = {
      payloadIsText: true,
      expirySeconds: 600,
      contentType: "text/plain",
      responseTopic: "re/ply",
      correlationData: Buffer.from([1, 2]),
      userProperties: [
        ["a", "1"],
        ["a", "2"],
        ["b", "3"],
      ] as const,
    };
    await using house = await open({ clientId: "one" });
    await using other = await open({ clientId: "two" });
    await other.broker.publish(message(TOPIC, "21", { properties }));
    await expect.poll(() => house.heard.length).toBe(1);
    expect(house.taken[0]?.message.properties).toEqual(properties);
  });

  test("says only what it knows of clients", async () => {
    await using _device = await Device.connect(mosquitto);
    await using house = await open();
    const { broker } = house;
    expect([broker.sessions(), broker.disconnect({ username: "x" }, { reason: "administrative" })]).toEqual([
      [],
      0,
    ]);
    expect(broker.metrics()).toMatchObject({ connections: 0, sessions: 0 });
  });
});

test.skipIf(mosquittoIsMissing())(
  "wrong credentials, an unknown authority: said so, without the password",
  async () => {
    using authority = new TestAuthority();
    const { cert: certFile, key: keyFile } = authority.issue("broker", "server");
    const account = { username: "tram", password: "s3cret-enough" };
    await using mosquitto = await Mosquitto.open({ account, tls: { certFile, keyFile } });
    const open = (more: object): ExternalHouse =>
      new ExternalHouse({ url: mosquitto.url, ...account, caFile: authority.ca, ...more });
    await using right = open({});
    await right.up();
    for (const [more, problem] of [
      [{ password: "s3cret-but-wrong" }, /does not (?:authorise this client|accept the user name)/],
      [{ caFile: undefined }, /authority that is not known|signed by itself/],
      [{ caFile: "/nowhere/ca.pem" }, /ENOENT/],
    ] as const) {
      await using wrong = open({ clientId: "other", ...more });
      await wrong.says("cannot be used");
      expect(wrong.broker.problems[0]?.problem).toMatch(problem);
      expect(wrong.lines.join()).not.toMatch(/s3cret/);
    }
  },
);

describe("with a broker that knows only MQTT 3.1.1", () => {
  let aedes: Aedes;
  let server: Server;
  let port: number;
  beforeEach(async () => {
    aedes = await Aedes.createBroker();
    server = createServer((socket) => void aedes.handle(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(() => new Promise<void>((resolve) => aedes.close(() => server.close(() => resolve()))));

  test("it is spoken to in that", async () => {
    await using house = await new ExternalHouse({ url: `mqtt://127.0.0.1:${port}` }).up();
    const device = await connectAsync({ port, reconnectPeriod: 0 });
    await house.broker.publish(message(TOPIC, "ours"));
    await device.publishAsync(TOPIC, "21", { qos: 1 });
    await expect.poll(() => house.heard).toEqual([`${TOPIC} 21`]);
    expect(house.taken[0]?.client.protocol).toBe("3.1.1");
    await device.endAsync();
  });

  test("a filter that it does not grant is a problem", async () => {
    aedes.authorizeSubscribe = (_client, _subscription, done) => done(null, null);
    await using house = new ExternalHouse({ url: `mqtt://127.0.0.1:${port}` });
    await house.says("cannot be used");
    await expect
      .poll(() => house.broker.problems[0]?.problem)
      .toMatch(/^it does not let us subscribe to homie\/5\/#: /);
  });
});

test("what a broker sends right behind its CONNACK is taken and acknowledged", async () => {
  const said: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      // CONNECT: CONNACK with session present, and PUBLISH of QoS 1 with the identifier 7.
      if (chunk[0] === 0x10) {
        socket.write(Buffer.concat([Buffer.of(0x20, 2, 1, 0), Buffer.of(0x32, 6, 0, 1, 0x61, 0, 7, 0x78)]));
      } else said.push(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const house = new ExternalHouse({ url: `mqtt://127.0.0.1:${port}`, version: "3.1.1" });
  await expect.poll(() => house.heard).toEqual(["a x"]);
  await expect.poll(() => Buffer.concat(said).includes(Buffer.of(0x40, 2, 0, 7))).toBe(true);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  await house[Symbol.asyncDispose]();
  await closed;
});

test("silence is told once, after half a minute", async () => {
  const clock = new VirtualClock();
  let silences = 0;
  const nothing = (): void => undefined;
  const broker = openExternalBroker(
    {
      url: `mqtt://127.0.0.1:${await freePort()}`,
      clientId: "house",
      version: "5.0",
      keepAliveSeconds: 30,
      sessionExpirySeconds: 0,
    },
    { accept: () => true },
    {
      clock,
      log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
      random: () => 0,
      filters: [],
      will: message("a", "x"),
      isOwn: () => false,
      onSilence: () => void silences++,
      onChange: nothing,
    },
  );
  await clock.advance(29_000);
  expect(silences).toBe(0);
  await clock.advance(2_000);
  await clock.advance(60_000);
  expect(silences).toBe(1);
  await broker.close();
  expect(clock.pending).toBe(0);
});

test("a broker that is not there is one line and one problem, and the gateway runs", async () => {
  const port = await freePort();
  await using house = new ExternalHouse({ url: `mqtt://127.0.0.1:${port}` });
  await house.says("cannot be used");
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(house.lines).toHaveLength(1);
  expect(house.changes).toBe(1);
  expect(house.broker.problems[0]?.problem).toMatch(
    /nothing listens there .*devices of the external broker are not heard/,
  );
});
