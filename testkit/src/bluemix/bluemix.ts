import type { TLSSocket } from "node:tls";
import type { Clock } from "@tram/core";
import type { EpochMs, Json, Ms } from "@tram/protocol";
import type { IConnectPacket } from "mqtt-packet";
import { Authority } from "../aws-iot/authority.ts";
import { CloudClock } from "../aws-iot/cloud-clock.ts";
import { Faults } from "../aws-iot/faults.ts";
import { RealClock } from "../broker-contract/real-clock.ts";
import { GatewayConnection, type Incoming } from "./connection.ts";
import { DeviceManagement } from "./device-management.ts";
import type { Incident, IncidentCode, Report } from "./incident.ts";
import { BLUEMIX_LIMITS, type BluemixLimits } from "./limits.ts";
import { Listener } from "./listener.ts";
import { keyOf, Registry } from "./registry.ts";
import { Session } from "./session.ts";
import { type Device, isName, readFilter, readPublish } from "./topic-rules.ts";

export interface BluemixOptions {
  /** Default: time as it passes. */
  readonly clock?: Clock;
  readonly limits?: Partial<BluemixLimits>;
  readonly org?: string;
  /** The certificate of the endpoint, where it is to be wrong. */
  readonly server?: {
    /** Names that it is made out for. Default: that of the endpoint. */
    readonly names?: readonly string[];
    readonly notBefore?: Date;
    readonly notAfter?: Date;
    /** Signed by an authority that nobody knows. */
    readonly foreign?: boolean;
  };
  /** From a PUBACK to the notification that the message was thrown away, in milliseconds. Default 20. */
  readonly notifyLatencyMs?: Ms;
}

/** An event that the platform has taken. */
export interface BluemixEvent {
  readonly device: Device;
  readonly event: string;
  readonly format: string;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly clientId: string;
  readonly at: EpochMs;
}

const ORG = "a1b2c3";
const NOTIFY_LATENCY_MS = 20;
const CLIENT_ID = /^g:([A-Za-z0-9_-]{1,36}):([^:]+):([^:]+)$/;

/** What a notification says, by what was wrong ("Gateway notifications"). */
const NOTIFICATIONS: Readonly<Partial<Record<IncidentCode, string>>> = {
  topic: "Topic does not match any allowed topic rules.",
  filter: "Topic does not match any allowed topic rules.",
  "other-gateway": "Topic does not match any allowed topic rules.",
  "device-type": "Device type is not valid.",
  "device-id": "Device ID is not valid.",
  "too-many-devices": "Maximum number of devices per gateway is reached.",
};

/** IBM's platform as gateways see it, on a loopback port, for tests: `iot-2` and device management. */
export class Bluemix implements AsyncDisposable {
  /** Put this into a client's configuration: it is also what the endpoint's certificate says. */
  readonly host = "localhost";
  readonly clock: CloudClock;
  readonly faults = new Faults();
  readonly registry: Registry;
  readonly management: DeviceManagement;
  /** What was refused, thrown away or ended, in order. */
  readonly incidents: Incident[] = [];
  readonly #limits: BluemixLimits;
  readonly #notifyLatencyMs: Ms;
  readonly #authorities: readonly Authority[];
  readonly #listener: Listener;
  readonly #sessions = new Map<string, { readonly session: Session; link: GatewayConnection | undefined }>();
  readonly #sockets = new Set<GatewayConnection>();
  readonly #events: BluemixEvent[] = [];
  /** Devices that could not be registered, and until when they are dropped without a word. */
  readonly #paused = new Map<string, Ms>();
  readonly #report: Report = (code, where = {}) => {
    this.incidents.push({ code, at: this.clock.now(), ...where });
  };

  /** Listens when this resolves. */
  static async open(options: BluemixOptions = {}): Promise<Bluemix> {
    const authority = Authority.open("Root of a double");
    const foreign = options.server?.foreign === true ? Authority.open("Nobody knows me") : undefined;
    const bluemix = new Bluemix(options, authority, foreign);
    await bluemix.start();
    return bluemix;
  }

  private constructor(options: BluemixOptions, authority: Authority, foreign: Authority | undefined) {
    const { limits, notifyLatencyMs = NOTIFY_LATENCY_MS, org = ORG, server = {} } = options;
    this.#limits = { ...BLUEMIX_LIMITS, ...limits };
    this.#notifyLatencyMs = notifyLatencyMs;
    this.#authorities = foreign === undefined ? [authority] : [authority, foreign];
    this.clock = new CloudClock(options.clock ?? new RealClock());
    this.registry = new Registry(org);
    this.management = new DeviceManagement({
      limits: this.#limits,
      clock: this.clock,
      report: this.#report,
      publish: (topic, body) => this.publish(topic, body),
    });
    const { certificate, key } = (foreign ?? authority).issue({
      subject: this.host,
      for: "server",
      names: server.names ?? [this.host],
      ...(server.notBefore === undefined ? {} : { notBefore: server.notBefore }),
      ...(server.notAfter === undefined ? {} : { notAfter: server.notAfter }),
    });
    this.#listener = new Listener({ certificate, key, faults: this.faults, report: this.#report }, (socket) =>
      this.#onGateway(socket),
    );
  }

  get port(): number {
    return this.#listener.port;
  }

  /** What a gateway trusts, PEM. */
  get rootCa(): string {
    return this.#authorities[0]?.pem ?? "";
  }

  /** Client ids that are connected, as the platform believes. */
  get connected(): readonly string[] {
    return [...this.#sessions].filter(([, { link }]) => link !== undefined).map(([clientId]) => clientId);
  }

  /** The events that it has taken, in order. */
  events(): readonly BluemixEvent[] {
    return this.#events;
  }

  /** Gives a command to a device, as an application does. */
  command({ type, id }: Device, command: string, body: Json | Buffer, format = "json"): void {
    this.publish(`iot-2/type/${type}/id/${id}/cmd/${command}/fmt/${format}`, body);
  }

  /** Publishes to everybody who hears the topic; the platform does not look at it. */
  publish(topic: string, body: Json | Buffer): void {
    const payload = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    for (const [clientId, { session }] of this.#sessions) {
      if (!session.hears(topic)) continue;
      if (session.offer({ topic, payload })) this.#report("buffer-full", { clientId, topic });
    }
  }

  /** Listens again, on the same port. */
  async start(): Promise<void> {
    await this.#listener.start();
  }

  /** Stops listening and loses its connections. */
  async stop(): Promise<void> {
    await this.#listener.stop();
  }

  /** Loses every connection, without a goodbye. */
  async cut(): Promise<void> {
    await this.#listener.cut();
  }

  /** The lines go dead: nothing is read and nothing is written any more, and nobody is told. */
  cutSilently(): void {
    for (const connection of this.#sockets) connection.goSilent();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listener.stop();
    this.clock.stop();
    for (const authority of this.#authorities) authority[Symbol.dispose]();
  }

  #onGateway(socket: TLSSocket): void {
    const connection = new GatewayConnection(socket, {
      limits: this.#limits,
      clock: this.clock,
      faults: this.faults,
      report: this.#report,
      admit: (packet) => this.#admit(packet),
      attach: (link, clean) => this.#attach(link, clean),
      detach: (link) => this.#detach(link),
      take: (message, from) => this.#take(message, from),
      allows: (filter, from) => this.#allows(filter, from),
    });
    this.#sockets.add(connection);
    connection.start(() => this.#sockets.delete(connection));
  }

  #admit({
    clientId,
    password,
    protocolVersion,
    username,
  }: IConnectPacket): ReturnType<ConstructorParameters<typeof GatewayConnection>[1]["admit"]> {
    if (protocolVersion !== 4) return { refused: "protocol-version" };
    const [matched, org, type = "", id = ""] = CLIENT_ID.exec(clientId) ?? [];
    if (matched === undefined || !isName(type) || !isName(id)) return { refused: "client-id" };
    if (username !== "use-token-auth") return { refused: "user-name" };
    if (org !== this.registry.org) return { refused: "unknown-org" };
    const account = this.registry.gateway({ type, id });
    if (account === undefined) return { refused: "unknown-gateway" };
    return String(password ?? "") === account.token ? { device: account.device } : { refused: "wrong-token" };
  }

  #attach(link: GatewayConnection, clean: boolean): { readonly session: Session; readonly present: boolean } {
    const before = this.#sessions.get(link.clientId);
    if (before?.link !== undefined) {
      this.#report("taken-over", { clientId: link.clientId });
      before.link.end();
    }
    const present = !clean && before?.session.persistent === true;
    const session =
      present && before !== undefined ? before.session : new Session(!clean, this.#limits.buffer);
    this.#sessions.set(link.clientId, { session, link });
    return { session, present };
  }

  #detach(link: GatewayConnection): void {
    const kept = this.#sessions.get(link.clientId);
    if (kept?.link !== link) return;
    kept.link = undefined;
    kept.session.detach();
    if (!kept.session.persistent) this.#sessions.delete(link.clientId);
  }

  #take(message: Incoming, from: GatewayConnection): void {
    const { topic, payload } = message;
    const published = readPublish(topic);
    const fault = published === undefined ? "topic" : this.#deviceFault(published.device, from);
    if (fault !== undefined) {
      this.#report(fault, { clientId: from.clientId, topic });
      this.#notify(fault, { request: "publish", topic, device: published?.device }, from);
    } else if (published?.kind === "event") {
      const { device, event, format } = published;
      this.#events.push({ ...message, device, event, format, clientId: from.clientId, at: this.clock.now() });
    } else if (published !== undefined) this.management.take(published.device, published.what, payload);
  }

  #allows(filter: string, from: GatewayConnection): boolean {
    const named = readFilter(filter, from.device);
    const fault =
      named === undefined ? "filter" : named === "any" ? undefined : this.#deviceFault(named, from);
    if (fault === undefined) return true;
    this.#report(fault, { clientId: from.clientId, topic: filter });
    const device = named === "any" ? undefined : named;
    this.#notify(fault, { request: "subscribe", topic: filter, device }, from);
    return false;
  }

  /** Why a gateway may not speak for a device; registers it where that is all that is missing. */
  #deviceFault(device: Device, from: GatewayConnection): IncidentCode | undefined {
    const key = keyOf(device);
    if (key === keyOf(from.device)) return undefined;
    if (!isName(device.type)) return "device-type";
    if (!isName(device.id)) return "device-id";
    if (this.registry.gateway(device) !== undefined) return "other-gateway";
    if (!from.active.has(key) && from.active.size >= this.#limits.activeDevices) return "too-many-devices";
    if (!this.registry.hasDevice(device)) {
      const until = this.#paused.get(key);
      if (until !== undefined && this.clock.monotonic() < until) return "registration-pause";
      const known = this.registry.hasType(device.type);
      if (!this.registry.autoRegister || !known) {
        this.#paused.set(key, this.clock.monotonic() + this.#limits.registrationPauseMs);
        return known ? "device-id" : "device-type";
      }
      this.registry.addDevice(device);
    }
    from.active.add(key);
    return undefined;
  }

  /** Of some faults nobody is told: what is dropped while registration is paused. */
  #notify(
    fault: IncidentCode,
    what: { readonly request: string; readonly topic: string; readonly device: Device | undefined },
    { clientId, device: own }: GatewayConnection,
  ): void {
    const message = NOTIFICATIONS[fault];
    if (message === undefined) return;
    const body = {
      Request: what.request,
      Time: new Date(this.clock.now()).toISOString(),
      Topic: what.topic,
      Type: what.device?.type ?? "",
      Id: what.device?.id ?? "",
      Client: clientId,
      RC: 400,
      Message: message,
    };
    const topic = `iot-2/type/${own.type}/id/${own.id}/notify`;
    this.clock.after(this.#notifyLatencyMs, () => this.publish(topic, body));
  }
}
