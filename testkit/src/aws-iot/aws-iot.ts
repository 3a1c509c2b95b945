import type { TLSSocket } from "node:tls";
import type { Clock } from "@tram/core";
import type { EpochMs, Json, Ms } from "@tram/protocol";
import { RealClock } from "../broker-contract/real-clock.ts";
import { Authority } from "./authority.ts";
import { Broker, type Message } from "./broker.ts";
import { CloudClock } from "./cloud-clock.ts";
import { DeviceConnection } from "./connection.ts";
import { Faults } from "./faults.ts";
import type { Incident, Report } from "./incident.ts";
import { Jobs } from "./jobs.ts";
import { AWS_IOT_LIMITS, type AwsIotLimits } from "./limits.ts";
import { Listener } from "./listener.ts";
import { ARN, type PolicyDocument } from "./policy.ts";
import { Provisioning } from "./provisioning.ts";
import { EventRate } from "./rate.ts";
import { Registry } from "./registry.ts";
import type { Service } from "./service.ts";
import { Shadows } from "./shadows.ts";
import { isBasicIngest } from "./topic-filter.ts";

export interface AwsIotOptions {
  /** Default: time as it passes. */
  readonly clock?: Clock;
  readonly limits?: Partial<AwsIotLimits>;
  /** Whether it is port 443 (`required`) or 8883 (`optional`, the default). */
  readonly alpn?: "required" | "optional";
  /** What the endpoint is called. Default: `localhost`, and a name like AWS's own. */
  readonly names?: readonly string[];
  /** The certificate of the endpoint, where it is to be wrong. */
  readonly server?: {
    /** Names that it is made out for. Default: those of the endpoint. */
    readonly names?: readonly string[];
    readonly notBefore?: Date;
    readonly notAfter?: Date;
    /** Signed by an authority that nobody knows. */
    readonly foreign?: boolean;
  };
  /** How long the Device Shadow service takes for a request, in milliseconds. Default 20; 0 answers at once. */
  readonly shadowLatencyMs?: Ms;
}

/** What a device needs to be let in. */
export interface Enrollment {
  readonly thing: string;
  readonly certificateId: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

/** A message that the double has taken. */
export interface Received {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  readonly clientId: string;
  readonly at: EpochMs;
}

export const AWS_LIKE_NAME = "a1tram2double-ats.iot.eu-central-1.amazonaws.com";
const NAMES = ["localhost", AWS_LIKE_NAME];
const SHADOW_LATENCY_MS = 20;

/** AWS IoT Core on a loopback port, for tests: what it allows, what it refuses, and what can go wrong with it. */
export class AwsIot implements AsyncDisposable {
  /** Put this into a client's configuration: it is also what the endpoint's certificate says. */
  readonly host = "localhost";
  readonly clock: CloudClock;
  readonly faults = new Faults();
  readonly registry: Registry;
  readonly shadows: Shadows;
  readonly jobs: Jobs;
  readonly provisioning: Provisioning;
  /** What was refused, thrown away or ended, in order. */
  readonly incidents: Incident[] = [];
  readonly #limits: AwsIotLimits;
  readonly #authorities: readonly Authority[];
  readonly #listener: Listener;
  readonly #broker: Broker;
  readonly #services: readonly Service[];
  readonly #connections = new Set<DeviceConnection>();
  readonly #connects = new Map<string, EventRate>();
  readonly #received: Received[] = [];
  readonly #report: Report = (code, where = {}) => {
    this.incidents.push({ code, at: this.clock.now(), ...where });
  };

  /** Listens when this resolves. */
  static async open(options: AwsIotOptions = {}): Promise<AwsIot> {
    const authority = Authority.open("Amazon Root CA of a double");
    const foreign = options.server?.foreign === true ? Authority.open("Nobody knows me") : undefined;
    const aws = new AwsIot(options, authority, foreign);
    await aws.start();
    return aws;
  }

  private constructor(options: AwsIotOptions, authority: Authority, foreign: Authority | undefined) {
    const { names = NAMES, server = {} } = options;
    this.#limits = { ...AWS_IOT_LIMITS, ...options.limits };
    this.#authorities = foreign === undefined ? [authority] : [authority, foreign];
    const clock = new CloudClock(options.clock ?? new RealClock());
    this.clock = clock;
    this.registry = new Registry(authority, (id) => this.#onCertificate(id));
    this.#broker = new Broker({ limits: this.#limits, clock, report: this.#report });
    const publish = (topic: string, body: Json): void => this.publish(topic, body);
    const latencyMs = options.shadowLatencyMs ?? SHADOW_LATENCY_MS;
    this.shadows = new Shadows({ limits: this.#limits, clock, latencyMs, publish });
    this.jobs = new Jobs({ clock, publish });
    this.provisioning = new Provisioning({ registry: this.registry, clock });
    this.#services = [this.shadows, this.jobs, this.provisioning];
    const { certificate, key } = (foreign ?? authority).issue({
      subject: names[0] ?? "localhost",
      for: "server",
      names: server.names ?? names,
      ...(server.notBefore === undefined ? {} : { notBefore: server.notBefore }),
      ...(server.notAfter === undefined ? {} : { notAfter: server.notAfter }),
    });
    this.#listener = new Listener(
      {
        names,
        certificate,
        key,
        clientAuthorities: [authority.pem],
        alpn: options.alpn ?? "optional",
        faults: this.faults,
        report: this.#report,
      },
      (socket, der) => this.#onDevice(socket, der),
    );
  }

  get port(): number {
    return this.#listener.port;
  }

  /** What a device trusts, PEM. */
  get rootCa(): string {
    return this.#authorities[0]?.pem ?? "";
  }

  /** Client ids that are connected, as the cloud believes. */
  get connected(): readonly string[] {
    return this.#broker.connected;
  }

  /** Makes a Thing with an active certificate that is attached to it, and to policies. */
  enroll(thing: string, policies: readonly PolicyDocument[], key: "ec" | "rsa" = "ec"): Enrollment {
    const { certificates } = this.registry;
    const { certificate, privateKey } = certificates.create("ACTIVE", key);
    this.registry.addThing(thing);
    certificates.attachThing(certificate.id, thing);
    for (const [index, document] of policies.entries()) {
      const name = `${thing}-${index}-${certificate.id.slice(0, 8)}`;
      this.registry.putPolicy(name, document);
      certificates.attachPolicy(certificate.id, name);
    }
    return { thing, certificateId: certificate.id, certificate: certificate.pem, key: privateKey };
  }

  /** What devices have published and the double has taken, in order, requests to AWS's own topics included. */
  received(): readonly Received[] {
    return this.#received;
  }

  /** Publishes as an app or a rule of the cloud does. */
  publish(
    topic: string,
    body: Json | Buffer,
    options: { readonly qos?: 0 | 1; readonly retain?: boolean } = {},
  ): void {
    const payload = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    this.#broker.publish({ topic, payload, qos: options.qos ?? 1, retain: options.retain ?? false });
  }

  /** Listens again, on the same port. */
  async start(): Promise<void> {
    await this.#listener.start();
  }

  /** Stops listening and loses its connections; sessions, shadows and jobs stay. */
  async stop(): Promise<void> {
    await this.#listener.stop();
  }

  /** Loses every connection, without a goodbye. */
  async cut(): Promise<void> {
    await this.#listener.cut();
  }

  /**
   * Lines go dead: nothing is read and nothing is written any more, and nobody is told.
   * @param clientId left out: all of them.
   */
  cutSilently(clientId?: string): void {
    for (const connection of this.#connectionsOf(clientId)) connection.goSilent();
  }

  /**
   * The cloud forgets connections and does not tell: what devices send is read, and never answered.
   * @param clientId left out: all of them.
   */
  forgetConnections(clientId?: string): void {
    for (const connection of this.#connectionsOf(clientId)) connection.forget();
  }

  /** A session's last acknowledged messages are sent again. */
  rewindSession(clientId: string, count: number): void {
    this.#broker.session(clientId)?.rewind(count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.stop();
    this.#broker.forget();
    this.clock.stop();
    for (const authority of this.#authorities) authority[Symbol.dispose]();
  }

  #connectionsOf(clientId?: string): readonly DeviceConnection[] {
    return [...this.#connections].filter((one) => clientId === undefined || one.clientId === clientId);
  }

  #onDevice(socket: TLSSocket, der: Buffer): void {
    const certificate = this.registry.certificates.find(der);
    if (certificate?.status !== "ACTIVE") {
      this.#report(certificate === undefined ? "certificate-unknown" : "certificate-not-active");
      socket.destroy();
      return;
    }
    const connection = new DeviceConnection(socket, certificate, {
      limits: this.#limits,
      clock: this.clock,
      faults: this.faults,
      broker: this.#broker,
      report: this.#report,
      context: (shown, clientId) => this.registry.context(shown, clientId),
      allows: (shown, action, name, context) => this.registry.allows(shown, action, name, context),
      mayConnect: (clientId) => this.#mayConnect(clientId),
      take: (message, from) => this.#take(message, from),
    });
    this.#connections.add(connection);
    connection.start(() => this.#connections.delete(connection));
  }

  #onCertificate(id: string): void {
    const status = this.registry.certificates.get(id)?.status;
    if (status === "ACTIVE") return;
    for (const connection of this.#connections) {
      if (connection.certificate.id === id) connection.refuse("certificate-not-active");
    }
  }

  #mayConnect(clientId: string): boolean {
    const rate = this.#connects.get(clientId) ?? new EventRate(this.#limits.connectsPerS);
    this.#connects.set(clientId, rate);
    return rate.take(this.clock.monotonic());
  }

  #take(message: Message, from: DeviceConnection): boolean {
    const { topic, payload } = message;
    const { clientId } = from;
    const reserved = topic.startsWith("$") && !isBasicIngest(topic);
    const request = {
      topic,
      payload,
      clientId,
      certificateId: from.certificate.id,
      reply: (answer: string, body: Json, wanted: "always" | "subscribed") =>
        from.reply(answer, Buffer.from(JSON.stringify(body)), wanted),
    };
    // Before a service answers it, so that what was asked comes before what came of it.
    this.#received.push({ ...message, clientId, at: this.clock.now() });
    if (!reserved) {
      if (!isBasicIngest(topic)) this.#broker.publish(message);
      return true;
    }
    if (this.#services.some((service) => service.take(request))) return true;
    this.#received.pop();
    return false;
  }
}

/** What a gateway of its own Thing, with children `<gateway>--<child>`, may do: the least that works. */
export function gatewayPolicy(): PolicyDocument {
  const me = "${iot:Connection.Thing.ThingName}";
  const mine = [`topic/tram/${me}/*`, `topic/$aws/things/${me}/*`, `topic/$aws/things/${me}--*`];
  const filters = mine.map((resource) => resource.replace(/^topic/, "topicfilter"));
  return {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: "iot:Connect", Resource: `${ARN}:client/${me}` },
      {
        Effect: "Allow",
        Action: ["iot:Publish", "iot:Receive"],
        Resource: mine.map((resource) => `${ARN}:${resource}`),
      },
      { Effect: "Allow", Action: "iot:Subscribe", Resource: filters.map((resource) => `${ARN}:${resource}`) },
    ],
  };
}
