import type { Bridge } from "@tram/cloud-bridge";
import type { Broker, Log } from "@tram/core";
import type { FlashView, GatewayView } from "@tram/protocol";
import { accountAudit } from "./audit/account-audit.ts";
import { AuditLog } from "./audit/audit-log.ts";
import { CommandAudit } from "./audit/command-audit.ts";
import { noteConfigChange } from "./audit/config-change.ts";
import { RepeatFilter } from "./audit/repeat-filter.ts";
import { openBackups } from "./backup/open-backups.ts";
import { SystemClock } from "./clock/system-clock.ts";
import { clockTrust } from "./clock/trust.ts";
import { budgetProblems } from "./cloud/budget-problems.ts";
import { type AddedRoom, openAddedClouds } from "./cloud/open-added-clouds.ts";
import { anyUp, isUp, openBridges } from "./cloud/open-bridges.ts";
import { RemoteConfig } from "./cloud/remote-config.ts";
import type { ConfigSource } from "./config/last-good.ts";
import type { Settings } from "./config/settings.ts";
import { journalProblem, openEventJournal } from "./event-journal/index.ts";
import type { ForeignDevices } from "./foreign/foreign-devices.ts";
import type { History } from "./history/history.ts";
import { openHistory } from "./history/open-history.ts";
import { openHouse } from "./house.ts";
import { metricsText } from "./http/metrics.ts";
import { feedLive } from "./live/feed.ts";
import { LiveHub } from "./live/live-hub.ts";
import { endOrphans } from "./modules/orphans.ts";
import { createRunner } from "./modules/runner.ts";
import { overheard } from "./mqtt/homie/root-log.ts";
import { Identity } from "./mqtt/identity/identity.ts";
import { clientDesk } from "./mqtt/inspector/client-desk.ts";
import { identityOfFiles } from "./mqtt/listeners/tls-identity.ts";
import { type MqttRoom, openMqtt } from "./mqtt/open-mqtt.ts";
import { prepareNodeRed } from "./node-red/open.ts";
import { openWeb } from "./open-web.ts";
import { People } from "./people/people.ts";
import { RestartWatch } from "./restart-watch.ts";
import { placeOf } from "./rules/place.ts";
import { RuleEditor } from "./rules/rule-editor.ts";
import { RuleHouse } from "./rules/rule-house.ts";
import { RuleVersions } from "./rules/rule-versions.ts";
import { refugeFolder } from "./runtime/places.ts";
import { makeRuntimeFolder } from "./runtime/runtime-folder.ts";
import { Status } from "./status.ts";
import { openStore } from "./store/open-store.ts";
import type { LogRing } from "./support/log-ring.ts";
import { Teardown } from "./teardown.ts";
import { identityOfAuthority } from "./tls/authority-identity.ts";
import { openAuthority, signerOf } from "./tls/open-authority.ts";
import { DailyWrites } from "./write-meter/daily-writes.ts";
import { flashView } from "./write-meter/flash-view.ts";
import { keepWrites } from "./write-meter/keep-writes.ts";

/** A gateway that is up. */
export interface RunningGateway {
  readonly httpPort: number;
  readonly mqttPort: number;
  /** The one-time code for the first administrator, while there is none. */
  readonly setupCode: string | undefined;
  /** Resolves when it should be stopped and started anew, with the problems to tell then. */
  readonly restartDue: Promise<GatewayView["problems"]>;
  stop(): Promise<void>;
}

export interface GatewayOptions {
  readonly settings: Settings;
  /** Where the settings come from; a backup has them too. */
  readonly config?: { readonly file: string } & ConfigSource;
  readonly log: Log;
  /** The latest lines of the log, for support bundles. */
  readonly recent?: LogRing;
  /** Folder of the built web UI. */
  readonly webFolder: string;
  /** Problems from before the start that people must see: a refused configuration. */
  readonly problems: GatewayView["problems"];
  /** Told when the data folder can be written: at the start, and when it can be again. Says how many bytes it wrote. */
  readonly onWritable?: () => number;
  /** Looks for the marks that a time source leaves; for tests. */
  readonly exists?: (path: string) => boolean;
}

/**
 * Starts the gateway. What was opened is closed in reverse, at the stop as when a later step fails.
 * @throws {ConfigError} when a port is not available, or the data folder is another gateway's or a newer program's.
 */
export async function startGateway(options: GatewayOptions): Promise<RunningGateway> {
  const teardown = new Teardown((error) =>
    options.log.error({ error: String(error) }, "something did not close"),
  );
  try {
    return await open(options, teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

/**
 * Puts the house together. The order is that of need: nothing is acknowledged before the store is open, no rule runs
 * before the values are known, no device is heard before the rules run.
 */
async function open(options: GatewayOptions, teardown: Teardown): Promise<RunningGateway> {
  const { settings } = options;
  const later: { history?: History | undefined; mqtt?: MqttRoom; added?: AddedRoom } = {};
  const log = overheard(options.log, (...line) => later.mqtt?.root.log.tell(...line));
  const clock = teardown.use(new SystemClock(clockTrust(settings.gateway.clock, options.exists)));
  const strict = settings.mqtt.durability === "strict";
  const runtime = settings.runtime ?? refugeFolder(settings.data);
  const meter = new DailyWrites({ clock }, settings.flash);
  const journalFolder = settings.runtime;
  if (journalFolder !== undefined) makeRuntimeFolder(journalFolder, log);
  const opened = await openStore(settings.data, { log, strict, runtime, journalFolder, meter });
  const { store } = opened;
  teardown.defer(() => store.close());

  const broker = (): Broker => {
    if (later.mqtt === undefined) throw new Error("the broker is not open yet");
    return later.mqtt.broker;
  };
  const foreign = (): ForeignDevices => {
    if (later.mqtt === undefined) throw new Error("the broker is not open yet");
    return later.mqtt.foreign;
  };
  const live = new LiveHub({ clock, log, snapshot: () => status.snapshot() });
  teardown.defer(() => live.close());
  const events = openEventJournal({
    settings,
    clock,
    log,
    meter: meter.feature("events"),
    onChange: () => live.pushGateway(() => status.gateway()),
  });
  if (events !== undefined) teardown.use(events);
  const house = await openHouse(
    {
      settings,
      clock,
      store,
      failing: opened.failing,
      log,
      broker,
      foreign,
      journal: events,
      onChange: (what) => {
        if (what === "store") onStoreHealth();
        else live.pushModule(what.module, () => status.modules().find(({ id }) => id === what.module));
      },
    },
    teardown,
  );
  teardown.use(await keepWrites(meter, { ...house, clock, store }));
  const onWritable = (): void => meter.feature("config").wrote(options.onWritable?.() ?? 0);
  const versions = teardown.use(new RuleVersions({ ...house, clock, log, store }));
  const place = placeOf(settings.gateway);
  const bridges: Bridge[] = [];
  const rules: RuleHouse = teardown.use(
    new RuleHouse({
      ...house,
      clock,
      log,
      journal: events,
      meter: meter.feature("rules"),
      folder: settings.rulesDir,
      gateway: settings.gateway.id,
      timezone: settings.gateway.timezone,
      place,
      versions,
      ways: {
        broker,
        httpHosts: settings.rules.httpHosts,
        webhooks: settings.rules.webhooks,
        online: (id) => (id === undefined ? anyUp(bridges) : isUp(bridges, id)),
      },
      onChange: (id) => {
        live.pushRule(id, () => rules.get(id));
        house.presence.changed();
      },
    }),
  );
  const onChange = (): void => {
    live.pushGateway(() => status.gateway());
    later.mqtt?.root.alerts.show(status.gateway().problems);
  };
  const onStoreHealth = (): void => {
    onChange();
    if (house.transactions.health.failing) return;
    later.history?.retry();
    later.mqtt?.broker.askAgain();
    onWritable();
  };
  const restart = teardown.use(
    new RestartWatch({
      ...house,
      clock,
      log,
      rules,
      data: settings.data,
      stale: opened.stale,
      onChange,
    }),
  );
  const nodeRed = prepareNodeRed(settings, settings.runtime ?? settings.data);
  const known = [...options.problems, ...opened.problems, ...nodeRed.problems, ...warnings(settings, log)];
  const status = new Status({
    settings,
    clock,
    house,
    rules,
    bridges,
    broker,
    nodeRed: nodeRed.view,
    problems: () => [
      ...known,
      ...restart.problems,
      ...journalProblem(events, settings.data),
      ...(later.mqtt?.problems ?? []),
      ...(later.added?.problems() ?? []),
      ...budgetProblems(bridges),
      // They share a disk: what is wrong with that is told once.
      ...(house.transactions.health.failing ? [] : (later.history?.problems ?? [])),
    ],
  });
  teardown.use(clock.onStep(onChange));

  const onHistory = (): void => live.pushGateway(() => status.gateway());
  const history = await openHistory(
    { ...house, clock, log, meter: meter.feature("history"), onChange: onHistory },
    settings.data,
    settings.history,
  );
  later.history = history;
  if (history !== undefined) teardown.use(history);
  const flash = (): FlashView =>
    flashView(meter, { ...settings.flash, folder: settings.data }, history?.health);

  // The rules hear a reading before the clouds do; what they decide is in the same commit either way.
  await rules.start(store);
  const onBridge = (bridge: Bridge): Disposable => {
    let { budget } = bridge;
    return bridge.onChange(() => {
      house.presence.changed();
      rules.bridge(bridge.id, bridge.state === "online");
      if (bridge.budget === budget) return;
      budget = bridge.budget;
      onChange();
    });
  };
  const cloudParts = { settings, clock, store, log, house, live };
  const clouds = await openBridges({ ...cloudParts, bridges, onBridge }, teardown);
  const seesClients = settings.mqtt.external === undefined;
  house.presence.connect(
    { rule: (id) => rules.isActive(id), cloud: (id) => isUp(bridges, id) },
    { seesClients },
  );
  for (const subscription of feedLive(house, live)) teardown.use(subscription);

  const audit = new AuditLog({ clock, log, store, transactions: house.transactions });
  await audit.restore();
  void audit
    .measure()
    .catch((error: unknown) => log.warn({ reason: String(error) }, "the audit log is not bounded"));
  const repeats = teardown.use(new RepeatFilter({ clock, audit: audit.audit }));
  teardown.use(new CommandAudit({ ...house, clock, audit, repeats }));
  if (options.config !== undefined) await noteConfigChange(options.config, { ...house, store, audit });
  const added = await openAddedClouds(
    { ...cloudParts, clouds, audit: audit.audit, meter, onChange },
    teardown,
  );
  later.added = added;
  const backups = openBackups({ ...options, clock, store, audit: audit.audit, history });
  const names = [settings.gateway.id, ...settings.http.hosts];
  const ca = teardown.use(
    openAuthority({
      data: settings.data,
      clock,
      log,
      audit: audit.audit,
      names,
      meter: meter.feature("certificates"),
    }),
  );
  known.push(...ca.problems);
  const signCsr = signerOf(ca.authority);
  const identity = teardown.use(
    new Identity({ ...house, ...settings.mqtt, clock, log, audit, signCsr, gateway: settings.gateway.id }),
  );
  known.push(...(await identity.restore(store)));
  teardown.use(house.bus.on("thing", ({ thing }, unit) => unit.after(() => identity.onThing(thing.id))));
  const goodbye = new Teardown((error) => log.error({ error: String(error) }, "MQTT did not close"));
  teardown.defer(() => goodbye.run());
  const tls = settings.mqtt.tls
    ? identityOfFiles(settings.mqtt.tls)
    : ca.authority && identityOfAuthority(ca.authority, clock);
  const mqtt = await openMqtt(
    { settings, clock, store, log, house, identity, tls, rules: rules.topics, onChange },
    goodbye,
  );
  const reopen = ca.authority?.onChange(() => mqtt.reopen());
  if (reopen !== undefined) teardown.use(reopen);
  const cut = ca.authority?.onEnded((account) => identity.disconnect(account));
  if (cut !== undefined) teardown.use(cut);
  later.mqtt = mqtt;
  const people = new People({ clock, transactions: house.transactions });
  await people.restore(store);
  const editor = new RuleEditor({
    ...house,
    folder: settings.rulesDir,
    place,
    rules,
    versions,
    log,
    audit: audit.audit,
    meter: meter.feature("rules"),
  });
  const desk = clientDesk(broker, clock, log);
  const metrics = (): string =>
    metricsText({
      broker: broker().metrics(),
      gateway: status.gateway(),
      modules: status.modules(),
      bridges: status.bridges(),
      things: house.registry.size,
      residentBytes: process.memoryUsage.rss(),
      flash: flash(),
    });
  const account = accountAudit(audit.audit, repeats);
  const access = { identity, audit, account, backups, authority: ca.authority, place: mqtt.place };
  const room = {
    options,
    clock,
    house,
    live,
    people,
    status,
    editor,
    versions,
    rules,
    bridges,
    added: added.clouds,
    nodeRed,
    desk,
    metrics,
    mqtt,
    access,
    events,
    past: { history, flash },
  };
  const http = await openWeb(room, teardown);
  known.push(...http.problems);
  onChange();
  // Before HTTP closes, and with it every socket: whoever is on MQTT over WebSocket is not lost, the gateway is.
  teardown.defer(() => goodbye.run());

  for (const pid of endOrphans(settings.data))
    log.warn({ pid }, "a module's process of an earlier run was ended");
  teardown.defer(() => house.supervisor.stop());
  for (const { id, use, isolation, config } of settings.modules) {
    const where = isolation === undefined ? {} : { isolation };
    house.supervisor.start(createRunner({ id, use, config: config ?? {}, data: settings.data, ...where }));
  }
  if (nodeRed.runner !== undefined) house.supervisor.start(nodeRed.runner);
  await house.commands.resume(store);
  rules.open();
  clouds.open({
    editor,
    ruleFiles: () => versions.files,
    configuration:
      options.config &&
      new RemoteConfig({ ...options.config, log, audit: audit.audit, meter: meter.feature("config") }),
    audit: audit.audit,
  });

  log.info({ http: http.port, mqtt: mqtt.port, things: house.registry.size }, "gateway up");
  const { failing } = house.transactions.health;
  if (!failing) onWritable();
  return {
    httpPort: http.port,
    mqttPort: mqtt.port,
    // While nothing is kept nobody can become administrator; and there may be one whom nobody could read.
    setupCode: failing ? undefined : people.openSetup(),
    restartDue: restart.due,
    stop: () => teardown.run(),
  };
}

/** What the configuration allows and nobody should forget. */
function warnings(settings: Settings, log: Log): GatewayView["problems"] {
  if (!settings.mqtt.anonymous) return [];
  const problem = "everybody on the network may read and write everything";
  log.warn({ problem }, "mqtt.anonymous is on");
  return [{ code: "anonymous", where: "mqtt.anonymous", problem }];
}
