import type { Bridge } from "@tram/cloud-bridge";
import type { Clock } from "@tram/core";
import type { FlashView } from "@tram/protocol";
import type { AccountAudit } from "./audit/account-audit.ts";
import type { AuditLog } from "./audit/audit-log.ts";
import type { Backups } from "./backup/backups.ts";
import type { AddedClouds } from "./cloud/added-clouds.ts";
import type { EventJournal } from "./event-journal/index.ts";
import type { GatewayOptions } from "./gateway.ts";
import type { History } from "./history/history.ts";
import type { House } from "./house.ts";
import { createApp } from "./http/app.ts";
import { identify } from "./http/authorise.ts";
import { CommandWatch } from "./http/command-watch.ts";
import { accountRoutes } from "./http/routes-account.ts";
import { auditRoutes } from "./http/routes-audit.ts";
import { authorityRoutes } from "./http/routes-authority.ts";
import { backupRoutes } from "./http/routes-backup.ts";
import { bridgeRoutes } from "./http/routes-bridge.ts";
import { broadcastRoutes } from "./http/routes-broadcast.ts";
import { type ClientDesk, clientRoutes } from "./http/routes-clients.ts";
import { cloudRoutes } from "./http/routes-clouds.ts";
import { credentialRoutes } from "./http/routes-credentials.ts";
import { eventRoutes } from "./http/routes-events.ts";
import { flashRoutes } from "./http/routes-flash.ts";
import { historyRoutes } from "./http/routes-history.ts";
import { householdRoutes } from "./http/routes-household.ts";
import { mappingRoutes } from "./http/routes-mappings.ts";
import { pairingRoutes } from "./http/routes-pairing.ts";
import { ruleVersionRoutes } from "./http/routes-rule-versions.ts";
import { ruleRoutes } from "./http/routes-rules.ts";
import { systemRoutes } from "./http/routes-system.ts";
import { webhookRoutes } from "./http/routes-webhooks.ts";
import { type HttpServers, openHttp } from "./http/server.ts";
import { StaticFiles } from "./http/static-files.ts";
import { upgrades } from "./http/upgrades.ts";
import type { LiveHub } from "./live/live-hub.ts";
import { LIVE_PATH, liveUpgrade } from "./live/upgrade.ts";
import type { Identity } from "./mqtt/identity/identity.ts";
import { MQTT_PATH } from "./mqtt/listeners/websocket.ts";
import type { MqttRoom, Place } from "./mqtt/open-mqtt.ts";
import type { NodeRedRoom } from "./node-red/open.ts";
import { isNodeRedPath } from "./node-red/path.ts";
import type { People } from "./people/people.ts";
import type { RuleEditor } from "./rules/rule-editor.ts";
import type { RuleHouse } from "./rules/rule-house.ts";
import type { RuleVersions } from "./rules/rule-versions.ts";
import type { Status } from "./status.ts";
import { bundleTaker } from "./support/take-bundle.ts";
import type { Teardown } from "./teardown.ts";
import type { Authority } from "./tls/authority.ts";
import { openWot } from "./wot/open-wot.ts";

/** What the web API shows and does. */
export interface WebRoom {
  readonly options: Pick<GatewayOptions, "settings" | "log" | "recent" | "webFolder">;
  readonly clock: Clock;
  readonly house: House;
  readonly live: LiveHub;
  readonly people: People;
  readonly status: Status;
  readonly editor: RuleEditor;
  readonly versions: RuleVersions;
  readonly rules: RuleHouse;
  readonly bridges: readonly Bridge[];
  readonly added: AddedClouds;
  readonly nodeRed: NodeRedRoom;
  readonly desk: ClientDesk;
  readonly metrics: () => string;
  readonly mqtt: MqttRoom;
  readonly events: EventJournal | undefined;
  readonly access: {
    readonly identity: Identity;
    readonly audit: AuditLog;
    readonly account: AccountAudit;
    readonly backups: Backups;
    readonly authority: Authority | undefined;
    readonly place: Place;
  };
  readonly past: { history: History | undefined; flash: () => FlashView };
}

/** Opens HTTP: the API, the live socket, the pages, and what stands behind the same port. */
export async function openWeb(parts: WebRoom, teardown: Teardown): Promise<HttpServers> {
  const { options, clock, house, live, people, status, editor, rules, nodeRed, access } = parts;
  const { settings, log } = options;
  const watch = teardown.use(new CommandWatch({ ...house, clock }));
  const reached = { port: settings.http.port };
  const doors = () => ({ http: { ...settings.http, ...reached }, mqtt: parts.mqtt.addresses });
  const wot = openWot({ ...house, house, watch, clock, doors }, teardown);
  const routes = [
    ...accountRoutes(people, () => reached.port, access.account),
    ...wot.routes,
    ...householdRoutes({ ...house, audit: access.audit.audit }),
    ...broadcastRoutes(parts.mqtt.broker),
    ...ruleRoutes(status, editor, rules),
    ...ruleVersionRoutes(parts.versions, editor, (id) => status.rule(id) !== undefined),
    ...webhookRoutes(rules.webhooks),
    ...clientRoutes(parts.desk),
    ...mappingRoutes(parts.mqtt.mapping, access.audit.audit),
    ...cloudRoutes(parts.added),
    ...systemRoutes(status),
    ...bridgeRoutes(parts.bridges, access.audit.audit),
    ...pairingRoutes(access.identity, access.place),
    ...credentialRoutes(access.identity, access.place),
    ...authorityRoutes(access.authority, access.identity),
    ...auditRoutes(access.audit),
    ...eventRoutes(parts.events),
    ...backupRoutes(
      access.backups,
      bundleTaker({ ...parts, settings, audit: access.audit, recent: options.recent }),
    ),
    ...historyRoutes({ ...house, clock, history: parts.past.history }),
    ...flashRoutes(parts.past.flash),
  ];
  const { hosts } = settings.http;
  const door = nodeRed.door({ people, clock, log, supervisor: house.supervisor });
  if (door !== undefined) teardown.use(door);
  const files = new StaticFiles(options.webFolder);
  const app = createApp({ ...parts, routes, files, log, hosts, audit: access.account, nodeRed: door });
  teardown.use(people.onRevoked(() => live.recheck()));
  teardown.use(people.onRevoked(() => wot.streams.recheck()));
  if (door !== undefined) teardown.use(people.onRevoked(() => door.recheck()));
  const watchers = liveUpgrade(live, (credentials) => identify(credentials, people));
  const http = await openHttp(
    app,
    { ...settings.http, home: settings },
    upgrades((path) => {
      if (path === LIVE_PATH) return watchers;
      if (path === MQTT_PATH) return parts.mqtt.upgrade;
      return isNodeRedPath(path) ? door?.upgrade : undefined;
    }, hosts),
    log,
  );
  teardown.defer(() => http.close());
  reached.port = http.port;
  return http;
}
