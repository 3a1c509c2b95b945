import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Bridge, openBridge } from "@tram/cloud-bridge";
import {
  Bus,
  Commands,
  createModuleHost,
  type Log,
  Registry,
  type Store,
  Supervisor,
  Transactions,
} from "@tram/core";
import {
  type BridgeView,
  type GatewayView,
  type ModuleId,
  PRODUCT,
  type Snapshot,
  type ThingId,
} from "@tram/protocol";
import { SystemClock } from "./clock/system-clock.ts";
import { clockTrust } from "./clock/trust.ts";
import { ConfigError } from "./config/config-error.ts";
import type { Settings } from "./config/settings.ts";
import { createDeliver } from "./deliver.ts";
import { createApp, identify } from "./http/app.ts";
import { CommandWatch } from "./http/command-watch.ts";
import { accountRoutes, SESSION_COOKIE } from "./http/routes-account.ts";
import { systemRoutes } from "./http/routes-system.ts";
import { thingRoutes } from "./http/routes-things.ts";
import { openHttp } from "./http/server.ts";
import { StaticFiles } from "./http/static-files.ts";
import { clientView, iso, moduleView, thingView } from "./http/views.ts";
import { feedLive } from "./live/feed.ts";
import { LiveHub } from "./live/live-hub.ts";
import { liveUpgrade } from "./live/upgrade.ts";
import { createRunner } from "./modules/runner.ts";
import { Accounts } from "./mqtt/accounts.ts";
import { openAedesBroker } from "./mqtt/aedes-broker.ts";
import { HomieOut } from "./mqtt/homie-out.ts";
import { mqttHooks } from "./mqtt/mqtt-adapter.ts";
import { Retained } from "./mqtt/retained.ts";
import { People } from "./people/people.ts";
import { RuleHouse } from "./rules/rule-house.ts";
import { openStore } from "./store/open-store.ts";
import { Teardown } from "./teardown.ts";

/** A gateway that is up. */
export interface RunningGateway {
  readonly httpPort: number;
  readonly mqttPort: number;
  /** The one-time code for the first administrator, while there is none. */
  readonly setupCode: string | undefined;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  readonly settings: Settings;
  readonly log: Log;
  /** Folder of the built web UI. */
  readonly webFolder: string;
  /** Problems from before the start that people must see: a refused configuration. */
  readonly problems: GatewayView["problems"];
}

/**
 * Puts the house together and starts it. The order is that of need: nothing is acknowledged before the store is open,
 * no rule runs before the values are known, no device is heard before the rules run.
 * @throws {ConfigError} when a port or the data folder is not available.
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const { settings, log } = options;
  const problems = [...options.problems];
  // What is opened is closed in reverse, also when a later step fails.
  const stack = new Teardown((error) => log.error({ error: String(error) }, "something did not close"));
  try {
    makeDataFolder(settings.data);
    const clock = stack.use(new SystemClock(clockTrust(settings.gateway.clock)));
    const startedAt = clock.now();
    const opened = await openStore(settings.data, {
      log,
      strict: settings.mqtt.durability === "strict",
    });
    const store: Store = opened.store;
    stack.defer(() => store.close());
    problems.push(...opened.problems);
    if (settings.mqtt.anonymous) {
      problems.push({
        code: "anonymous",
        where: "mqtt.anonymous",
        problem: "everybody on the network may read and write everything",
      });
      log.warn({}, "mqtt.anonymous is on: everybody on the network may read and write everything");
    }

    const bus = new Bus((error, name) =>
      log.error({ event: name, error: String(error), stack: (error as Error).stack }, "a listener threw"),
    );
    const transactions = new Transactions(store, log, () => pushGateway());
    const registry = new Registry({ clock, bus });
    for (const refused of await registry.restore(store))
      log.warn(refused, "a stored Thing could not be read");
    const deliver = createDeliver({
      registry,
      bus,
      clock,
      supervisor: () => supervisor,
      broker: () => broker,
    });
    const commands = new Commands({
      clock,
      bus,
      registry,
      deliver,
      record: transactions.record,
      newId: () => randomBytes(9).toString("base64url"),
    });
    stack.defer(() => commands.close());
    const people = new People({ clock, transactions });
    await people.restore(store);

    const supervisor = new Supervisor({
      clock,
      random: Math.random,
      log,
      hostFor: (runner, listeners, signal) =>
        createModuleHost(
          runner.id,
          settings.modules.find((module) => module.id === runner.id)?.config ?? {},
          {
            clock,
            registry,
            store,
            transact: transactions.transact,
            log: childLog(log, runner.id),
            ...listeners,
          },
          signal,
        ),
      onDown: (id) => void markLost(id),
      onChange: (status) => hub.push(() => ({ kind: "module", module: moduleView(status) })),
    });
    const markLost = (id: ModuleId): Promise<void> =>
      transactions.record((unit) => {
        for (const record of registry.records()) {
          if (record.source === `module:${id}`)
            registry.setAvailability(record.thing.id as ThingId, "lost", unit);
        }
      });

    const bridges: Bridge[] = [];
    const rules = new RuleHouse({
      clock,
      bus,
      registry,
      commands,
      transactions,
      log,
      folder: settings.rulesDir,
      timezone: settings.gateway.timezone,
      onChange: (id) => pushRule(id),
      onRemoved: (id) => hub.push(() => ({ kind: "rule-removed", id })),
    });
    stack.use(rules);

    const gatewayView = (): GatewayView => ({
      id: settings.gateway.id,
      name: settings.gateway.name,
      version: PRODUCT.version,
      startedAt: iso(startedAt),
      now: iso(clock.now()),
      clock: clock.trust,
      timezone: settings.gateway.timezone,
      store: transactions.health.failing ? "failing" : "ok",
      problems: [
        ...problems,
        ...(transactions.health.failing
          ? [{ code: "store", where: settings.data, problem: transactions.health.reason ?? "does not keep" }]
          : []),
      ],
    });
    const bridgeViews = (): BridgeView[] => bridges.map((bridge) => bridge.status());
    const snapshot = (): Omit<Snapshot, "type" | "seq"> => ({
      gateway: gatewayView(),
      things: [...registry.records()].map((record) => thingView(record, registry)),
      rules: [...rules.list()],
      bridges: bridgeViews(),
      modules: supervisor.status().map(moduleView),
    });
    const hub = new LiveHub({ clock, log, snapshot });
    stack.defer(() => hub.close());
    const pushGateway = (): void => hub.push(() => ({ kind: "gateway", gateway: gatewayView() }));
    const pushRule = (id: string): void =>
      hub.push(() => {
        const rule = rules.get(id);
        return rule === undefined ? { kind: "rule-removed", id } : { kind: "rule", rule };
      });
    stack.use(clock.onStep(() => pushGateway()));
    stack.use(people.onRevoked(() => hub.recheck()));

    // The rules hear a reading before the clouds do: their decision is in the same commit.
    await rules.start(store);
    for (const cloud of settings.cloud) {
      const bridge = await openBridge({
        ...cloud,
        gateway: { id: settings.gateway.id },
        store,
        clock,
        random: Math.random,
        log,
      });
      bridges.push(bridge);
      stack.use(bridge);
      stack.use(bus.on("reading", ({ reading }, unit) => bridge.offer(reading, unit)));
      stack.use(bus.on("command", (command, unit) => bridge.offerCommand(command, unit)));
      stack.use(bridge.onChange(() => hub.push(() => ({ kind: "bridge", bridge: bridge.status() }))));
    }
    for (const subscription of feedLive(bus, registry, hub)) stack.use(subscription);

    const accounts = new Accounts(settings.mqtt.accounts, { anonymous: settings.mqtt.anonymous });
    const retained = new Retained(log);
    const broker = await openAedesBroker(
      { host: settings.mqtt.host, port: settings.mqtt.port, retained: await retained.restore(store) },
      mqttHooks({ accounts, registry, commands, retained, transactions, log }),
      { clock, log },
    );
    stack.defer(() => broker.close());
    const homie = new HomieOut({ broker, registry, bus, log, root: settings.gateway });
    stack.defer(() => homie.stop());
    homie.start();

    const watch = stack.use(new CommandWatch({ clock, commands, bus }));
    const routes = [
      ...accountRoutes(people),
      ...thingRoutes({ registry, commands, transactions, watch }),
      ...systemRoutes({
        gateway: gatewayView,
        modules: () => supervisor.status().map(moduleView),
        clients: () => broker.clients().map(clientView),
        bridges: bridgeViews,
        rules: () => rules.list(),
        rule: (id) => rules.get(id),
        traces: (id) => rules.traces(id),
      }),
    ];
    const app = createApp({ routes, people, files: new StaticFiles(options.webFolder), log });
    const http = await openHttp(
      app,
      { ...settings.http, socketPath: join(settings.data, `${PRODUCT.name}.sock`) },
      liveUpgrade(hub, (request) => identify(request, people), SESSION_COOKIE),
      log,
    );
    stack.defer(() => http.close());

    stack.defer(() => supervisor.stop());
    for (const { id, use, isolation, config } of settings.modules) {
      supervisor.start(
        createRunner({ id, use, config: config ?? {}, ...(isolation === undefined ? {} : { isolation }) }),
      );
    }
    await commands.resume(store);

    const mqttPort = broker.listening[0]?.port ?? settings.mqtt.port;
    log.info({ http: http.port, mqtt: mqttPort, things: registry.size }, "gateway up");
    return { httpPort: http.port, mqttPort, setupCode: people.openSetup(), stop: () => stack.run() };
  } catch (error) {
    await stack.run();
    throw error;
  }
}

function makeDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigError(
      "data",
      `data: expected a folder that can be made, found ${String(code)}: ${folder}`,
      {
        cause,
      },
    );
  }
}

function childLog(log: Log, module: ModuleId): Log {
  return {
    debug: (fields, text) => log.debug({ module, ...fields }, text),
    info: (fields, text) => log.info({ module, ...fields }, text),
    warn: (fields, text) => log.warn({ module, ...fields }, text),
    error: (fields, text) => log.error({ module, ...fields }, text),
  };
}
