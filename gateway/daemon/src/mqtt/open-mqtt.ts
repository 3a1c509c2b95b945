import type {
  Broker,
  BrokerAddress,
  BrokerHooks,
  Clock,
  Log,
  MqttClient,
  MqttMessage,
  Store,
  Unit,
} from "@tram/core";
import { deviceTopic, type GatewayView, HOMIE_ROOT, PRODUCT, type ThingId } from "@tram/protocol";
import { HTTP_LISTENER } from "../config/listener-check.ts";
import type { Settings } from "../config/settings.ts";
import { Dialects } from "../foreign/dialects.ts";
import type { ForeignDevices } from "../foreign/foreign-devices.ts";
import type { House } from "../house.ts";
import { fromOwnOrigin } from "../http/own-origin.ts";
import type { Upgrade } from "../http/server.ts";
import type { RuleTopics } from "../rules/rule-topics.ts";
import { reachable } from "../runtime/reachable.ts";
import type { Teardown } from "../teardown.ts";
import { MappingRoom } from "../topic-mapping/mapping-room.ts";
import { EventsOut } from "./events-out.ts";
import { EXTERNAL, type ExternalSettings } from "./external/external-settings.ts";
import { OwnTopics } from "./external/own-topics.ts";
import { HassOut } from "./hass-out.ts";
import { DescriptionVersions } from "./homie/description-versions.ts";
import { RootAlerts } from "./homie/root-alerts.ts";
import { RootLog } from "./homie/root-log.ts";
import { HomieIn } from "./homie-in.ts";
import { HomieOut } from "./homie-out.ts";
import type { Identity } from "./identity/identity.ts";
import { SysTopics } from "./inspector/sys-topics.ts";
import type { Attach } from "./listeners/listener.ts";
import { Listeners } from "./listeners/listeners.ts";
import type { TlsIdentity } from "./listeners/tls-identity.ts";
import { WebSocketDoor } from "./listeners/websocket.ts";
import { mqttHooks } from "./mqtt-adapter.ts";
import { brokerLimits, openBroker } from "./open-broker.ts";

export interface MqttParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly store: Store;
  readonly log: Log;
  readonly house: House;
  readonly identity: Identity;
  /** Who the gateway is in TLS; undefined where it is nobody. */
  readonly tls: TlsIdentity | undefined;
  /** What rules listen to. */
  readonly rules: RuleTopics;
  /** Told when `problems` are others. */
  readonly onChange: () => void;
}

/** Where devices reach the broker. */
export interface Place {
  readonly host: string;
  readonly port: number;
}

/** What the gateway's own device in Homie says. */
export interface RootVoice {
  readonly alerts: RootAlerts;
  readonly log: RootLog;
}

/** The broker, whoever runs it, and the ways to it. */
export interface MqttRoom {
  readonly broker: Broker;
  readonly problems: GatewayView["problems"];
  readonly place: Place;
  /** All of its listeners, of whatever protocol. */
  readonly addresses: readonly BrokerAddress[];
  /** Port of the first listener; 0 where the gateway has none. */
  readonly port: number;
  /** MQTT over WebSocket at the HTTP port; undefined where the broker is elsewhere. */
  readonly upgrade: Upgrade | undefined;
  /** Devices that speak MQTT in their own way. */
  readonly foreign: ForeignDevices;
  /** Topics that people map to Things. */
  readonly mapping: MappingRoom;
  /** The gateway's own device in Homie. */
  readonly root: RootVoice;
  /** The certificate in `tls` is another now. */
  reopen(): void;
}

/**
 * Opens the broker that the configuration names, and speaks Homie through it.
 * @param teardown closes it in the right order: what was opened last first.
 * @throws {ConfigError} `port` when a port is not available.
 */
export async function openMqtt(parts: MqttParts, teardown: Teardown): Promise<MqttRoom> {
  const { clock, house, identity, log, store } = parts;
  const { discovery, durable, external } = parts.settings.mqtt;
  let broker: Broker | undefined;
  const retained = (filter: string): readonly MqttMessage[] => {
    const found: MqttMessage[] = [];
    broker?.subscribe(filter, { qos: 1 }, (message) => found.push(message))[Symbol.dispose]();
    return found;
  };
  const dialects = new Dialects({
    ...house,
    clock,
    log,
    rights: identity.rights,
    gateway: parts.settings.gateway.id,
    isAccount: (name) => identity.isAccount(name),
    hearsHass: discovery === "both" || discovery === "in",
    retained,
    publish: ({ payload, qos, retain, topic }) => {
      broker?.publish({ topic, payload: Buffer.from(payload), qos, retain }).catch((error: unknown) => {
        log.warn({ topic, reason: String(error) }, "the broker did not take a message");
      });
    },
  });
  teardown.use(dialects);
  const { devices: foreign } = dialects;
  const mapping = new MappingRoom({
    ...house,
    ...parts,
    foreign,
    configured: parts.settings.mqtt.mappings,
    gateway: parts.settings.gateway.id,
    external: external !== undefined,
    broker: () => broker,
  });
  teardown.use(mapping);
  await mapping.restore(store);
  const reader = {
    take: (client: MqttClient, message: MqttMessage, unit: Unit): void => {
      // A broker of others does not tell whose a message is: nobody describes anything there.
      if (external === undefined) dialects.describe(client, message, unit);
      if (foreign.take(message, unit)) return;
      foreign.faults.contain(message, unit, () => mapping.take(client, message, unit));
    },
  };
  let out: HomieOut | undefined;
  const homie = teardown.use(
    new HomieIn({
      ...house,
      clock,
      log,
      root: parts.settings.gateway.id,
      // A broker of others does not tell whose a message is.
      ...(external === undefined ? {} : { thingsPerAccount: Infinity }),
      onExactly: (command, payload) => out?.writtenAs(command, payload),
    }),
  );
  const { rules } = parts;
  const hooks = mqttHooks({ ...house, homie, identity, durable, log, rules, foreign: reader });
  const versions = await DescriptionVersions.open(store, house.transactions);
  const speak = (broker: Broker): RootVoice => {
    out = new HomieOut({ ...house, broker, log, versions, root: parts.settings.gateway });
    return speakHomie(broker, { homie: out, dialects }, parts, teardown);
  };
  const ways: Ways = { hooks, foreign, mapping, speak };
  if (external !== undefined) return await openExternal(parts, { ...ways, external }, teardown);
  const onOpen = async (opened: Broker): Promise<void> => {
    broker = opened;
    await dialects.restore(store);
    await dialects.recall();
  };
  const room = await openLocal(parts, { ...ways, onOpen }, teardown);
  const said = ["$state", "$alert/+", "+/+/$target"].flatMap((topic) => retained(`${HOMIE_ROOT}/+/${topic}`));
  await house.transactions.record((unit) => {
    for (const message of said) homie.recall(message, unit);
  });
  await mapping.mappings.recall();
  return room;
}

/** What both kinds of broker need of the house. */
interface Ways {
  readonly hooks: BrokerHooks;
  readonly foreign: ForeignDevices;
  readonly mapping: MappingRoom;
  /** Speaks Homie through the broker. */
  readonly speak: (broker: Broker) => RootVoice;
}

async function openLocal(
  parts: MqttParts,
  {
    foreign,
    hooks,
    mapping,
    onOpen,
    speak,
  }: Ways & {
    /** The broker is open, and nobody is heard yet. */
    readonly onOpen: (broker: Broker) => Promise<void>;
  },
  teardown: Teardown,
): Promise<MqttRoom> {
  const { settings, clock, store, log, house, tls, onChange } = parts;
  const broker = await openBroker(settings.mqtt, hooks, { ...house, clock, log, store });
  teardown.defer(() => broker.close());
  parts.identity.attach(broker);
  teardown.use(new SysTopics({ broker, clock, version: PRODUCT.version }));
  await onOpen(broker);
  const root = speak(broker);
  const attach: Attach = (stream, origin) => broker.attach(stream, origin);
  const { listeners: specs, limits } = settings.mqtt;
  const { packetBytes: frameBytes } = brokerLimits(limits);
  const { hosts } = settings.http;
  const listeners = await Listeners.open(specs, { attach, clock, log, tls, frameBytes, hosts, onChange });
  teardown.defer(() => listeners.close());
  const door = new WebSocketDoor(attach, {
    listener: HTTP_LISTENER,
    frameBytes,
    admits: (headers) => fromOwnOrigin(headers) !== false,
  });
  return {
    broker,
    get problems() {
      return [...listeners.problems, ...mapping.problems];
    },
    place: placeOf(listeners),
    get addresses() {
      return listeners.addresses;
    },
    port: listeners.addresses[0]?.port ?? 0,
    upgrade: (request, socket, head) => door.upgrade(request, socket, head),
    foreign,
    mapping,
    root,
    reopen: () => void listeners.reopen(),
  };
}

async function openExternal(
  parts: MqttParts,
  { external, foreign, hooks, mapping, speak }: Ways & { readonly external: ExternalSettings },
  teardown: Teardown,
): Promise<MqttRoom> {
  // The client takes memory that nobody else has a use for.
  const { openExternalBroker } = await import("./external/external-broker.ts");
  const { settings, clock, log, house, onChange } = parts;
  const { id } = settings.gateway;
  const own = new OwnTopics(house.registry, id);
  let voice: RootVoice | undefined;
  const broker = openExternalBroker(external, hooks, {
    clock,
    log,
    random: Math.random,
    filters: [`${HOMIE_ROOT}/#`],
    will: { topic: deviceTopic(id, "state"), payload: Buffer.from("lost"), qos: 1, retain: true },
    isOwn: (message) => {
      const isOwn = own.isOwn(message);
      if (isOwn) voice?.alerts.hear(message);
      return isOwn;
    },
    onSilence: () => void loseAll(house),
    onChange,
  });
  teardown.defer(() => broker.close());
  parts.identity.attach(broker);
  parts.rules.attach(broker);
  const root = speak(broker);
  voice = root;
  const { hostname: host, port: written, protocol: scheme } = new URL(external.url);
  const protocol = scheme === "mqtts:" ? "mqtts" : "mqtt";
  const port = Number(written) || (protocol === "mqtts" ? 8883 : 1883);
  return {
    broker,
    get problems() {
      return [...broker.problems, ...mapping.problems];
    },
    place: { host, port },
    addresses: [{ listener: EXTERNAL, protocol, host, port }],
    port: 0,
    upgrade: undefined,
    foreign,
    mapping,
    root,
    reopen: () => undefined,
  };
}

function speakHomie(
  broker: Broker,
  { dialects, homie }: { readonly homie: HomieOut; readonly dialects: Dialects },
  { clock, house, log, settings }: MqttParts,
  teardown: Teardown,
): RootVoice {
  const root = settings.gateway;
  teardown.defer(() => homie.stop());
  homie.start();
  teardown.use(new EventsOut({ ...house, broker, log }));
  const tellsItself = (id: ThingId): boolean =>
    house.registry
      .links(id)
      .some(
        ({ id: name, source }) => source.startsWith("foreign:") && dialects.devices.tellsHass(name) !== false,
      );
  const hass = teardown.use(new HassOut({ ...house, broker, log, root, tellsItself }));
  const { discovery } = settings.mqtt;
  if (discovery === "both" || discovery === "out") hass.start();
  else hass.takeBack();
  return { alerts: new RootAlerts({ broker, root }), log: new RootLog({ broker, clock, root }) };
}

/** Devices behind a broker that cannot be reached are not heard. It tells their state again when it is back. */
async function loseAll({ registry, transactions }: House): Promise<void> {
  await transactions.record((unit) => {
    for (const name of registry.namesOf(`mqtt:${EXTERNAL}`)) registry.setAvailability(name, "lost", unit);
  });
}

/** The first plain listener, or the first of all, as people type it. */
function placeOf({ addresses }: Listeners): Place {
  const first = addresses.find(({ protocol }) => protocol === "mqtt") ?? addresses[0];
  return { host: reachable(first?.host ?? "0.0.0.0"), port: first?.port ?? 0 };
}
