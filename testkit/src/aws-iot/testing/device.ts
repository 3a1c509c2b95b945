import type { Json } from "@tram/protocol";
import mqtt, { type IClientOptions, type MqttClient, type Packet } from "mqtt";
import type { AwsIot, Enrollment } from "../aws-iot.ts";
import { ALPN_MQTT } from "../listener.ts";

/** A device as a test of the double needs it: mqtt.js, with nothing done by itself. */
export class Device implements AsyncDisposable {
  /** What came, in order. */
  readonly messages: { readonly topic: string; readonly body: Json; readonly packet: Packet }[] = [];
  /** Message ids of the PUBACKs that came. */
  readonly pubacks: number[] = [];
  /** Whether its session was there before. */
  readonly present: boolean;
  readonly client: MqttClient;
  readonly #ended: Promise<void>;
  #end = false;

  /** @throws the error of mqtt.js when it is not let in. */
  static async open(aws: AwsIot, who: Enrollment, options: Partial<IClientOptions> = {}): Promise<Device> {
    const client = mqtt.connect({ ...tlsOf(aws, who), clientId: who.thing, ...options });
    return await new Promise((resolve, reject) => {
      client.once("error", reject);
      client.once("close", () => reject(new Error("the connection was closed")));
      client.once("connect", ({ sessionPresent }) => resolve(new Device(client, sessionPresent)));
      // What was stored comes right after the CONNACK.
      early.set(client, []);
      client.on("message", (...message) => void early.get(client)?.push(message));
    });
  }

  private constructor(client: MqttClient, present: boolean) {
    this.client = client;
    this.present = present;
    const take = (topic: string, payload: Buffer, packet: Packet): void => {
      this.messages.push({ topic, body: readJson(payload), packet });
    };
    for (const message of early.get(client) ?? []) take(...message);
    early.delete(client);
    client.on("message", take);
    client.on("error", () => undefined);
    client.on("packetreceive", (packet) => {
      if (packet.cmd === "puback") this.pubacks.push(packet.messageId ?? 0);
    });
    this.#ended = new Promise<void>((resolve) => client.once("close", resolve)).then(() => {
      this.#end = true;
    });
  }

  /** Whether the cloud has closed the connection. */
  get closed(): boolean {
    return this.#end;
  }

  /** Resolves when the cloud has closed the connection. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** Publishes and does not wait for the answer. */
  send(topic: string, body: Json | Buffer, options: { qos?: 0 | 1 | 2; retain?: boolean } = {}): void {
    const payload = Buffer.isBuffer(body) ? body : JSON.stringify(body);
    this.client.publish(topic, payload, { qos: 1, ...options }, () => undefined);
  }

  /** Subscribes, and tells what was granted: 128 is a refusal. */
  async subscribe(filters: string | readonly string[], qos: 0 | 1 | 2 = 1): Promise<readonly number[]> {
    const wanted = typeof filters === "string" ? filters : [...filters];
    const suback = new Promise<readonly number[]>((resolve) => {
      const look = (packet: Packet): void => {
        if (packet.cmd !== "suback") return;
        this.client.off("packetreceive", look);
        resolve((packet as { granted: number[] }).granted);
      };
      this.client.on("packetreceive", look);
    });
    this.client.subscribe(wanted, { qos }, () => undefined);
    return await suback;
  }

  /** Asks one of AWS's services, whose answers it has subscribed to, and gives the answer. */
  async ask(
    topic: string,
    body: Json | Buffer = Buffer.alloc(0),
  ): Promise<{ accepted: boolean; body: Json }> {
    const answer = new Promise<{ accepted: boolean; body: Json }>((resolve) => {
      const look = (at: string, payload: Buffer): void => {
        if (at !== `${topic}/accepted` && at !== `${topic}/rejected`) return;
        this.client.off("message", look);
        resolve({ accepted: at.endsWith("accepted"), body: readJson(payload) });
      };
      this.client.on("message", look);
    });
    this.send(topic, body);
    return await answer;
  }

  /** Bodies of what came on a topic. */
  on(topic: string): readonly Json[] {
    return this.messages.filter((message) => message.topic === topic).map(({ body }) => body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.endAsync(true);
  }
}

/** Messages that came before the device was there to take them. */
const early = new WeakMap<MqttClient, [string, Buffer, Packet][]>();

/** How mqtt.js reaches the double, and as whom. */
export function tlsOf(aws: AwsIot, who: Pick<Enrollment, "certificate" | "key">): IClientOptions {
  return {
    protocol: "mqtts",
    host: "127.0.0.1",
    servername: aws.host,
    port: aws.port,
    ca: aws.rootCa,
    cert: who.certificate,
    key: who.key,
    ALPNProtocols: [ALPN_MQTT],
    protocolVersion: 4,
    clean: true,
    keepalive: 600,
    reconnectPeriod: 0,
    connectTimeout: 5_000,
    queueQoSZero: false,
  };
}

function readJson(payload: Buffer): Json {
  return payload.length === 0 ? null : (JSON.parse(payload.toString("utf8")) as Json);
}
