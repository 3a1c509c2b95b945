/**
 * What a cloud may change that may manage the configuration. Who may do what, where the gateway is reached, what runs in
 * it, where its data, its words and its bytes go, how much memory and flash it takes, and whose bill that is: all this is changed on the gateway alone. A new
 * key of the configuration is on that side until somebody thinks about it.
 */
const REMOTE = [
  "gateway.name",
  "gateway.latitude",
  "gateway.longitude",
  "gateway.timezone",
  "mqtt.durable",
  "mqtt.durability",
  "mqtt.discovery",
  "history",
  "events",
  "log",
  "cloud[].on_change",
  "cloud[].deadband",
  "cloud[].deadband_percent",
  "cloud[].rate_s",
  "cloud[].backlog_share",
  "cloud[].thin",
];

/** Of these, what takes memory and flash: nobody from afar knows how much of it there is. */
const NOT_REMOTE = ["history.size_mb", "events.memory_mb", "events.disk_mb"];

/** What a Thing's properties are and where its commands go: to change it is to set any Thing in the name of another. */
const DEVICES = ["mqtt.mappings", "modules[].config"];

/** @param path `cloud[0].rate_s`. @param devices whether it may set every Thing anyway. */
export function isRemote(path: string, devices: boolean): boolean {
  return (within(path, REMOTE) && !within(path, NOT_REMOTE)) || (devices && concernsDevices(path));
}

export function concernsDevices(path: string): boolean {
  return within(path, DEVICES);
}

function within(path: string, keys: readonly string[]): boolean {
  const plain = path.replace(/\[\d+\]/g, "[]");
  return keys.some((key) => plain === key || plain.startsWith(`${key}.`) || plain.startsWith(`${key}[`));
}
