import type { TObject, TSchema } from "typebox";
import { Document, isMap, type YAMLMap } from "yaml";
import type { ExternalSettings } from "../mqtt/external/external-settings.ts";
import type { ListenerSpec } from "../mqtt/listeners/listener.ts";
import { Config } from "./schema.ts";
import { HIDDEN } from "./secrets.ts";
import type { Settings } from "./settings.ts";

/**
 * Writes the configuration in force as YAML that could be loaded again, each key with its meaning.
 * Passwords are hidden.
 */
export function annotatedConfig(settings: Settings): { document: object; text: string } {
  const document = documentOf(settings);
  const yaml = new Document(document);
  if (isMap(yaml.contents)) annotate(yaml.contents as YAMLMap, Config as unknown as TObject);
  return { document, text: yaml.toString({ lineWidth: 100 }) };
}

function documentOf(settings: Settings): object {
  const { gateway, data, mqtt, http, modules, rules, rulesDir, history, flash, cloud, events } = settings;
  const { nodeRed, logLevel } = settings;
  return {
    gateway,
    data,
    mqtt: {
      engine: mqtt.engine,
      ...(mqtt.external && { external: externalDocument(mqtt.external) }),
      host: mqtt.host,
      port: mqtt.port,
      listeners: mqtt.listeners.slice(1).map(listenerDocument),
      ...(mqtt.tls && { tls: { cert_file: mqtt.tls.cert, key_file: mqtt.tls.key, ca_file: mqtt.tls.ca } }),
      limits: mqtt.limits,
      durable: mqtt.durable,
      durability: mqtt.durability,
      discovery: mqtt.discovery,
      anonymous: mqtt.anonymous,
      clients: mqtt.accounts.map(({ password: _secret, ...account }) => ({ ...account, password: HIDDEN })),
      mappings: mqtt.mappings,
    },
    http,
    modules,
    rules: {
      dir: rulesDir,
      http_hosts: rules.httpHosts,
      // Where a notification goes to is often known by its path alone.
      webhooks: rules.webhooks.map(({ id, url }) => ({ id, url: `${new URL(url).origin}/${HIDDEN}` })),
    },
    history: {
      enabled: history.enabled,
      size_mb: history.sizeBytes / 1_048_576,
      window_seconds: history.windowMs / 1_000,
      policies: history.policies,
    },
    flash: {
      budget_mb: flash.budgetBytes / 1e6,
      cap_mb: flash.capBytes / 1e6,
      endurance_cycles: flash.enduranceCycles,
    },
    cloud: cloud.map(({ config }) => ({
      ...config,
      ...("password" in config ? { password: HIDDEN } : {}),
    })),
    events: { memory_mb: events.memoryMb, disk_mb: events.diskMb, keep_hours: events.keepHours },
    node_red: nodeRed,
    log: { level: logLevel },
  };
}

function externalDocument(external: ExternalSettings): object {
  return {
    url: external.url,
    client_id: external.clientId,
    username: external.username,
    ...(external.password === undefined ? {} : { password: HIDDEN }),
    ca_file: external.caFile,
    cert_file: external.certFile,
    key_file: external.keyFile,
    version: external.version,
    keep_alive_seconds: external.keepAliveSeconds,
    session_expiry_seconds: external.sessionExpirySeconds,
  };
}

function listenerDocument(listener: ListenerSpec): object {
  const { clientCertificates, connections, host, id, interface: name, port, protocol } = listener;
  const where = name === undefined ? { host } : { interface: name };
  const secure = protocol === "mqtts" || protocol === "wss";
  const certificates = secure ? { client_certificates: clientCertificates } : {};
  return { id, protocol, ...where, port, connections, ...certificates };
}

function annotate(map: YAMLMap, schema: TObject): void {
  for (const pair of map.items) {
    const property: TSchema | undefined = schema.properties[String(pair.key)];
    const described = property as { description?: string; properties?: unknown } | undefined;
    if (described?.description !== undefined) {
      const key = pair.key as { commentBefore?: string };
      key.commentBefore = ` ${described.description}`;
    }
    if (isMap(pair.value) && described?.properties !== undefined) {
      annotate(pair.value as YAMLMap, property as TObject);
    }
  }
}
