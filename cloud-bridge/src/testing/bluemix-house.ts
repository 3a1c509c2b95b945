import type {
  CloudAnswer,
  CloudCommand,
  CloudDesk,
  CloudMessage,
  CloudRequest,
  CloudThing,
} from "@tram/core";
import type { JsonObject } from "@tram/protocol";
import { Bluemix, type BluemixOptions, NO_REQUESTS, RealClock } from "@tram/testkit";
import { BridgeError } from "../bridge-error.ts";
import { BluemixProvider, type BluemixProviderOptions } from "../providers/bluemix/bluemix.ts";
import type { BluemixConnection } from "../providers/bluemix/connection.ts";
import { DeviceNames } from "../providers/bluemix/device-names.ts";

export const TOKEN = "8?xRZ-secret-token";
export const GATEWAY = { type: "tram-gateway", id: "farm" };
export const PUMP = { type: "tram-thing", id: "farm_pump" };
export const unused = new AbortController().signal;
/** Short, where nothing is refused; where something is, the notification must have its time on a busy machine too. */
const GRACE_MS = 20;
export const PATIENT_MS = 1_500;

const open: AsyncDisposable[] = [];

/** Ends what a test has opened, the newest first. */
export async function closeAll(): Promise<void> {
  for (const each of open.splice(0).reverse()) await each[Symbol.asyncDispose]();
}

export async function openCloud(options: BluemixOptions = {}): Promise<Bluemix> {
  const cloud = await Bluemix.open(options);
  cloud.registry.addGateway(GATEWAY, TOKEN);
  cloud.registry.addType("tram-thing");
  return cloud;
}

export async function cloud(options: BluemixOptions = {}): Promise<Bluemix> {
  const opened = await openCloud(options);
  open.push(opened);
  return opened;
}

export function provider(at: Bluemix, options: Partial<BluemixProviderOptions> = {}): BluemixProvider {
  return new BluemixProvider({
    host: at.host,
    port: at.port,
    org: at.registry.org,
    token: TOKEN,
    identity: { ca: at.rootCa },
    gateway: "farm",
    names: new DeviceNames({ gateway: "farm", gatewayType: "tram-gateway", thingType: "tram-thing" }),
    thingType: "tram-thing",
    keepaliveS: 60,
    hears: true,
    managed: true,
    clock: new RealClock(),
    graceMs: GRACE_MS,
    ...options,
  });
}

export async function connect(
  tested: BluemixProvider,
  desk: CloudDesk = NO_REQUESTS,
): Promise<BluemixConnection> {
  const connection = await tested.connect(unused, desk);
  open.push(connection);
  return connection;
}

export function message(id: string, more: Partial<CloudMessage> = {}): CloudMessage {
  const thing = more.thing ?? "pump";
  return {
    id,
    class: "telemetry",
    group: thing,
    thing,
    name: "motor/speed",
    time: Date.UTC(2026, 0, 5),
    value: 3,
    quality: "good",
    ...more,
  };
}

/** A house that carries out what it is asked when the test says so. */
export class TestDesk implements CloudDesk {
  readonly asked: CloudRequest[] = [];
  readonly turned: { readonly where: string; readonly code: string; readonly reason: string }[] = [];
  readonly #ids: string[];
  readonly #listeners = new Set<(id: string) => void>();
  answer: (request: CloudRequest) => CloudAnswer = () => ({ outcome: "accepted" });

  constructor(ids: readonly string[] = ["pump"]) {
    this.#ids = [...ids];
  }

  async ask(request: CloudRequest): Promise<CloudAnswer> {
    this.asked.push(request);
    return this.answer(request);
  }

  snapshot(): Iterable<never> {
    return [];
  }

  things(): Iterable<CloudThing> {
    return this.#ids.map((id) => ({ id, title: id, available: true }));
  }

  onThing(listener: (id: string) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  comes(id: string): void {
    this.#ids.push(id);
    for (const listener of this.#listeners) listener(id);
  }

  turnedAway(what: { readonly where: string; readonly code: string; readonly reason: string }): void {
    this.turned.push(what);
  }

  get commands(): readonly CloudCommand[] {
    return this.asked.filter((request) => request.kind === "command");
  }
}

export async function refusalOf(promise: Promise<unknown>): Promise<BridgeError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof BridgeError)) throw new Error(`expected a BridgeError, found ${String(error)}`);
  return error;
}

export const said = (at: Bluemix, event: string): readonly JsonObject[] =>
  at
    .events()
    .filter((each) => each.event === event)
    .map(({ payload }) => JSON.parse(payload.toString()) as JsonObject);
export const codes = (at: Bluemix): readonly string[] => at.incidents.map(({ code }) => code);
