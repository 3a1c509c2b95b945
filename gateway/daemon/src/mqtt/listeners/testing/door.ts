import { type BrokerLimits, openTramBroker, type TramBroker } from "@tram/broker";
import { type Log, type LogFields, type MqttLogin, Transactions } from "@tram/core";
import { MemoryStore } from "@tram/testkit";
import { SystemClock } from "../../../clock/system-clock.ts";
import type { Attach, ListenerSpec } from "../listener.ts";
import { Listeners } from "../listeners.ts";
import type { TlsIdentity } from "../tls-identity.ts";

export const FRAME_BYTES = 1_048_576;

/** A listener on a free port of loopback, unless a test says otherwise. */
export function specOf(spec: Partial<ListenerSpec> = {}): ListenerSpec {
  const { id = "door", protocol = "mqtt" } = spec;
  const rest = { key: "mqtt.listeners[0]", host: "127.0.0.1", port: 0, connections: 10_000 };
  return { ...rest, clientCertificates: "off", ...spec, id, protocol };
}

export interface Door extends AsyncDisposable {
  readonly broker: TramBroker;
  readonly listeners: Listeners;
  /** Everybody who logged in. */
  readonly logins: MqttLogin[];
  /** Lines of the log from `warn` up. */
  readonly lines: string[];
  /** Port of the listener with this id. */
  port(id: string): number;
}

/** The own engine behind real sockets. Everybody may do everything. */
export async function openDoor(
  specs: readonly ListenerSpec[],
  options: { tls?: TlsIdentity; limits?: Partial<BrokerLimits>; attach?: Attach } = {},
): Promise<Door> {
  const clock = new SystemClock(() => "synced");
  const store = new MemoryStore();
  const { lines, log } = listeningLog();
  const transactions = new Transactions(store, log, () => undefined);
  const logins: MqttLogin[] = [];
  const broker = await openTramBroker(
    { limits: options.limits ?? {} },
    {
      authenticate: async (login) => {
        logins.push(login);
        return { account: login.certificate?.commonName ?? login.username ?? "somebody" };
      },
      mayPublish: () => true,
      maySubscribe: () => true,
      accept: (_client, _message, enlist) => {
        const unit = transactions.open();
        enlist(unit);
        return unit.settle()?.then(() => true) ?? true;
      },
      connected: () => undefined,
      disconnected: () => undefined,
    },
    { clock, log, store, transactions },
  );
  const attach: Attach = options.attach ?? ((stream, origin) => broker.attach(stream, origin));
  const parts = { attach, clock, log, tls: options.tls, frameBytes: FRAME_BYTES, hosts: [] };
  const listeners = await Listeners.open(specs, { ...parts, onChange: () => undefined });
  return {
    broker,
    listeners,
    logins,
    lines,
    port: (id) => listeners.addresses.find(({ listener }) => listener === id)?.port ?? 0,
    [Symbol.asyncDispose]: async () => {
      listeners.close();
      await broker.close();
      clock[Symbol.dispose]();
    },
  };
}

/** A log that keeps what matters. */
export function listeningLog(): { readonly lines: string[]; readonly log: Log } {
  const lines: string[] = [];
  const keep = (fields: LogFields, text: string): void =>
    void lines.push(`${text} ${JSON.stringify(fields)}`);
  return { lines, log: { debug: () => undefined, info: () => undefined, warn: keep, error: keep } };
}
