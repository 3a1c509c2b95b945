import type { CredentialKind, NewCredential } from "@tram/protocol";

/** What to type where: a line of its own each, so that it can be copied. */
export interface Sheet {
  /** Where in the device the settings are. */
  readonly where: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Settings or commands that can be pasted as they are. */
  readonly paste?: readonly string[];
  readonly notes: readonly string[];
}

/** Tells what to type into a device that cannot claim a credential by itself. */
export function sheetOf(kind: CredentialKind, { credential, password, broker }: NewCredential): Sheet {
  const { id } = credential;
  const host = broker.host;
  const port = String(broker.port);
  const login: Sheet["fields"] = [
    ["Host", host],
    ["Port", port],
    ["User", id],
    ["Password", password],
  ];
  switch (kind) {
    case "tasmota":
      return {
        where: "Configuration > MQTT, or the console",
        fields: [...login, ["Topic", id], ["Full topic", "%prefix%/%topic%/"]],
        paste: [
          `Backlog MqttHost ${host}; MqttPort ${port}; MqttUser ${id}; MqttPassword ${password}; Topic ${id}; FullTopic %prefix%/%topic%/; SetOption19 0`,
        ],
        notes: ["SetOption19 0 lets it describe itself, so that it appears with all that it can do."],
      };
    case "shelly":
      return {
        where: "Settings > MQTT (first generation: Internet & Security > Advanced)",
        fields: [
          ["Server", `${host}:${port}`],
          ["User", id],
          ["Password", password],
          ["Client id", id],
          ["MQTT prefix", `shellies/${id}`],
        ],
        notes: ["First generation: set the custom MQTT prefix to the id alone; shellies/ is put before it."],
      };
    case "esphome":
      return {
        where: "the device's YAML",
        fields: login,
        paste: [
          "esphome:",
          `  name: ${id}`,
          "mqtt:",
          `  broker: ${host}`,
          `  port: ${port}`,
          `  username: ${id}`,
          `  password: ${password}`,
          `  topic_prefix: esphome/${id}`,
        ],
        notes: [],
      };
    default:
      return { where: "its MQTT settings", fields: [...login, ...topicFields(credential)], notes: [] };
  }
}

function topicFields({ id, role, topics }: NewCredential["credential"]): Sheet["fields"] {
  if (topics === undefined) {
    if (role === "device") return [["Topics", `homie/5/${id}/`]];
    return [["Reads", "everything"], ...(role === "service" ? [["Writes", "everything"] as const] : [])];
  }
  const shown = (filters: readonly string[]): string => filters.join(", ");
  if (shown(topics.read) === shown(topics.write)) return [["Topics", shown(topics.read)]];
  return [
    ["Reads", shown(topics.read)],
    ["Writes", role === "controller" ? `homie/5/+/+/+/set, ${shown(topics.write)}` : shown(topics.write)],
  ];
}
