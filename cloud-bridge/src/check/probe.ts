import { randomUUID } from "node:crypto";
import type { Clock, CloudMessage } from "@tram/core";
import { PRODUCT } from "@tram/protocol";
import type { BridgeConfig, MqttBridgeConfig } from "../bridge-config.ts";
import { mappingOptions } from "../mapping/mapping-options.ts";
import { Mapping } from "../mapping.ts";
import type { AwsIotBridgeConfig } from "../providers/aws-iot/config.ts";
import type { BluemixBridgeConfig } from "../providers/bluemix/config.ts";
import { CarefulWindow } from "../providers/careful-window.ts";
import type { DialTarget } from "../providers/dial.ts";
import { MqttConnection, type MqttOutgoing } from "../providers/mqtt-connection.ts";
import type { MqttTransportOptions } from "../providers/mqtt-transport.ts";
import type { TlsIdentity } from "../providers/tls-identity.ts";

export interface ProbeParts {
  readonly config: BridgeConfig;
  /** Id of the gateway. */
  readonly gateway: string;
  readonly password?: string;
  readonly identity?: TlsIdentity;
  readonly clock: Clock;
}

/** A connection that was made to see whether it can be. */
export interface ProbeLine extends AsyncDisposable {
  /** Where the message of `publish` goes. */
  readonly topic: string;
  /** Publishes one message, and waits for its acknowledgement. @returns why there was none. */
  publish(): Promise<string | undefined>;
}

/** The way to one cloud, without what a bridge does there: it asks for no jobs and answers no commands. */
export interface Probe {
  readonly target: DialTarget;
  /** Connects as the bridge does, and subscribes to what it needs to hear. @throws {BridgeError} */
  open(signal: AbortSignal): Promise<ProbeLine>;
}

/** A name that no device has: what is checked is the topic's prefix, which rights go by. */
const NAME = "cloud/check";
const KEEPALIVE_S = 30;

/** Looks at the entry of a bridge. Does not connect. */
export function probeOf(parts: ProbeParts): Promise<Probe> {
  const { config } = parts;
  switch (config.provider) {
    case "mqtt":
      return mqttProbe(config, parts);
    case "aws-iot":
      return awsProbe(config, parts);
    case "bluemix":
      return bluemixProbe(config, parts);
  }
}

async function mqttProbe(config: MqttBridgeConfig, parts: ProbeParts): Promise<Probe> {
  const { dialectOf } = await import("../providers/mqtt-dialect-of.ts");
  const { readUrl } = await import("../providers/mqtt.ts");
  const { alpn, username } = config;
  const { clock, gateway, identity, password = config.password } = parts;
  const { secure, ...place } = readUrl(config.url);
  const target: DialTarget = {
    ...place,
    ...(secure
      ? { tls: { ...(identity === undefined ? {} : { identity }), ...(alpn === undefined ? {} : { alpn }) } }
      : {}),
  };
  const mapping = mappingOf(parts);
  const dialect = dialectOf(config, { gateway, mapping, describe: () => undefined, newId: randomUUID });
  const own = config.client_id ?? `${PRODUCT.name}-${gateway}`;
  const hears = config.commands !== undefined || (config.manage ?? []).length > 0;
  const transport: MqttTransportOptions = {
    ...target,
    // What the broker keeps for the bridge would come to us, and be lost.
    clientId: hears && config.protocol_version === 5 ? `${own}-check` : own,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    protocolVersion: config.protocol_version ?? 4,
    keepaliveS: KEEPALIVE_S,
    clock,
  };
  const sample = dialect.encode(sampleOf(gateway, clock));
  return { target, open: (signal) => openLine({ transport, sample, filters: [], clock }, signal) };
}

async function awsProbe(config: AwsIotBridgeConfig, parts: ProbeParts): Promise<Probe> {
  const [{ ALPN }, { explainConnect, explainEnd }, { AwsTopics }, { ThingNames }] = await Promise.all([
    import("../providers/aws-iot/aws-iot.ts"),
    import("../providers/aws-iot/faults.ts"),
    import("../providers/aws-iot/topics.ts"),
    import("../providers/aws-iot/thing-names.ts"),
  ]);
  const { clock, gateway, identity = {} } = parts;
  const port = config.port ?? 8_883;
  const names = new ThingNames(gateway, config.thing_name);
  const topics = new AwsTopics(names.gateway, config.topic_prefix);
  const target: DialTarget = {
    host: config.endpoint,
    port,
    tls: { identity, ...(port === 443 ? { alpn: [ALPN] } : {}) },
  };
  const message = sampleOf(gateway, clock);
  const transport = {
    ...target,
    clientId: names.gateway,
    protocolVersion: 4,
    keepaliveS: KEEPALIVE_S,
    clock,
  } as const;
  const sample = { topic: topics.message(message), payload: mappingOf(parts).payload(message) };
  return {
    target,
    open: async (signal) => {
      try {
        const terms = { transport, sample, filters: topics.filters(), clock, explainEnd };
        return await openLine(terms, signal);
      } catch (error) {
        throw explainConnect(error, names.gateway);
      }
    },
  };
}

async function bluemixProbe(config: BluemixBridgeConfig, parts: ProbeParts): Promise<Probe> {
  const [
    { clientIdOf, USER },
    { eventOf },
    { explainConnect, explainEnd },
    { BluemixTopics },
    { DeviceNames },
  ] = await Promise.all([
    import("../providers/bluemix/bluemix.ts"),
    import("../providers/bluemix/events.ts"),
    import("../providers/bluemix/faults.ts"),
    import("../providers/bluemix/topics.ts"),
    import("../providers/bluemix/device-names.ts"),
  ]);
  const { clock, gateway, identity = {}, password = config.password ?? "" } = parts;
  const { gateway_id: gatewayId, gateway_type: gatewayType, host, org } = config;
  const thingType = config.thing_type ?? `${PRODUCT.name}-thing`;
  const names = new DeviceNames({
    gateway,
    gatewayType,
    thingType,
    ...(gatewayId === undefined ? {} : { gatewayId }),
  });
  const topics = new BluemixTopics(names, thingType);
  const clientId = clientIdOf(org, names);
  const target: DialTarget = { host, port: config.port ?? 443, tls: { identity } };
  const transport = {
    ...target,
    clientId,
    username: USER,
    password,
    protocolVersion: 4,
    keepaliveS: KEEPALIVE_S,
    clock,
  } as const;
  // Of the gateway itself: it registers no device.
  const sample = eventOf({ ...sampleOf(gateway, clock), thing: gateway }, { names, topics });
  const terms = {
    transport,
    sample,
    filters: [topics.notices(), topics.requests(), ...topics.commands()],
    clock,
    explainEnd: (reason: string) => explainEnd(reason, clientId),
  };
  return {
    target,
    open: async (signal) => {
      try {
        return await openLine(terms, signal);
      } catch (error) {
        throw explainConnect(error, { host, org, clientId });
      }
    },
  };
}

async function openLine(
  terms: {
    readonly transport: MqttTransportOptions;
    readonly sample: MqttOutgoing | { readonly unfit: string };
    readonly filters: readonly string[];
    readonly clock: Clock;
    readonly explainEnd?: (reason: string, topic: string) => string;
  },
  signal: AbortSignal,
): Promise<ProbeLine> {
  const { transport, sample, filters, clock, explainEnd = (reason) => reason } = terms;
  // Nobody keeps it: it is no value of the house.
  const outgoing = "unfit" in sample ? sample : { ...sample, retain: false };
  const topic = "unfit" in outgoing ? "" : outgoing.topic;
  const connection = await MqttConnection.open(
    transport,
    {
      encode: () => outgoing,
      careful: new CarefulWindow(1),
      clock,
      subscriptions: filters.length === 0 ? [] : [{ filters, qos: 1, onMessage: async () => undefined }],
    },
    signal,
  );
  return {
    topic,
    publish: async () => {
      const abort = (): void => void connection[Symbol.asyncDispose]();
      signal.addEventListener("abort", abort, { once: true });
      try {
        const [outcome] = await connection.publish([sampleOf("", clock)]);
        if (outcome === undefined || outcome.outcome === "acknowledged") return undefined;
        return explainEnd(outcome.reason, topic);
      } finally {
        signal.removeEventListener("abort", abort);
      }
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

function mappingOf({ config, gateway }: ProbeParts): Mapping {
  return new Mapping({ ...mappingOptions(config, gateway), facts: () => undefined });
}

function sampleOf(gateway: string, clock: Pick<Clock, "now">): CloudMessage {
  return {
    id: `check-${randomUUID()}`,
    class: "telemetry",
    group: gateway,
    thing: gateway,
    name: NAME,
    time: clock.now(),
    value: true,
    quality: "good",
  };
}
