import type { CredentialKind, CredentialRole, TopicRights } from "@tram/protocol";
import { parseFilter, parseTopic } from "./topic-filter.ts";
import { covers, rightOf } from "./topic-right.ts";

interface KindRow {
  readonly role: CredentialRole;
  /** Topics of a device of this kind; absent where the role alone says it. */
  readonly topics?: (id: string) => TopicRights;
  /** Ids that would be topics which all devices of the kind share. */
  readonly reserved?: readonly string[];
}

/** Home Assistant's discovery, `<component>/<node>/…`: with its own id as the node, and no other. */
const discovery = (id: string): string => `homeassistant/+/${id}/#`;

const TASMOTA_DISCOVERY = ["tasmota/discovery/+/config", "tasmota/discovery/+/sensors"];

/** Where all devices of a kind speak and listen: no device can have them for itself. */
const SHARED = new Set([...TASMOTA_DISCOVERY, "shellies/announce", "shellies/command", "esphome/discover"]);

/**
 * What each kind of device says where. Devices that do not speak Homie have fixed habits: what stands here is what their
 * firmware publishes and subscribes to, no more.
 */
const KINDS: Readonly<Record<CredentialKind, KindRow>> = {
  homie: { role: "device" },
  // Tasmota: `%prefix%/%topic%/` with the prefixes cmnd, stat and tele; it describes itself by its MAC address, which
  // nobody knows before.
  tasmota: {
    role: "device",
    topics: (id) => ({
      read: [`cmnd/${id}/#`],
      write: [`stat/${id}/#`, `tele/${id}/#`, ...TASMOTA_DISCOVERY, discovery(id)],
    }),
    reserved: ["tasmotas"],
  },
  // Shelly, first generation: `shellies/<id>/…`, says hello on `shellies/announce`; later ones take any prefix.
  shelly: {
    role: "device",
    topics: (id) => ({
      read: [`shellies/${id}/#`, "shellies/command"],
      write: [`shellies/${id}/#`, "shellies/announce", discovery(id)],
    }),
    reserved: ["announce", "command"],
  },
  // ESPHome: any prefix; `esphome/discover` and `esphome/ping/<name>` ask it where it is.
  esphome: {
    role: "device",
    topics: (id) => ({
      read: [`esphome/${id}/#`, "esphome/discover", `esphome/ping/${id}`],
      write: [`esphome/${id}/#`, `esphome/discover/${id}`, discovery(id)],
    }),
    reserved: ["discover", "ping"],
  },
  generic: {
    role: "device",
    topics: (id) => ({ read: [`devices/${id}/#`], write: [`devices/${id}/#`] }),
  },
  dashboard: { role: "dashboard" },
  // Flows read everything, send commands, and have a corner of their own.
  "node-red": {
    role: "controller",
    topics: (id) => ({ read: ["#"], write: [`node-red/${id}/#`] }),
  },
  service: { role: "service" },
};

/** First levels that are spoken for: a device with a prefix there would speak for others. */
const SPOKEN_FOR = new Set([
  "homie",
  "tram",
  "homeassistant",
  "cmnd",
  "stat",
  "tele",
  "tasmota",
  "shellies",
  "esphome",
  "devices",
  "node-red",
]);

export type KindAnswer =
  | { readonly ok: true; readonly role: CredentialRole; readonly topics: TopicRights | undefined }
  | { readonly ok: false; readonly problem: string };

/**
 * Role and topics of a new credential.
 * @param prefixes instead of the kind's own topics; for `generic` alone.
 */
export function describeKind(kind: CredentialKind, id: string, prefixes?: readonly string[]): KindAnswer {
  const row = KINDS[kind];
  if (row.reserved?.includes(id) === true) {
    return { ok: false, problem: `${id} is a topic that all devices of the kind ${kind} share` };
  }
  if (prefixes === undefined) return { ok: true, role: row.role, topics: row.topics?.(id) };
  if (kind !== "generic") {
    return { ok: false, problem: `topics: expected none, for the kind ${kind} has its own` };
  }
  for (const prefix of prefixes) {
    const problem = prefixProblem(prefix);
    if (problem !== undefined) return { ok: false, problem: `topics: ${problem}` };
  }
  const filters = prefixes.map((prefix) => `${prefix}/#`);
  return { ok: true, role: row.role, topics: { read: filters, write: filters } };
}

function prefixProblem(prefix: string): string | undefined {
  const levels = parseTopic(prefix);
  const [first] = levels ?? [];
  if (levels === undefined || levels.includes("")) {
    return `expected a prefix such as workshop/press, without wildcards and empty levels, found ${prefix}`;
  }
  if (first?.startsWith("$") === true) return `expected a prefix that does not begin with $, found ${prefix}`;
  if (first !== undefined && SPOKEN_FOR.has(first)) return `${first}/… belongs to other devices`;
  return undefined;
}

/** Whether two sets of topics that are given as prefixes have a topic in common, beyond what all devices share. */
export function overlap(one: TopicRights, other: TopicRights): boolean {
  const filtersOf = ({ read, write }: TopicRights) =>
    [...read, ...write].filter((text) => !SHARED.has(text)).map((text) => parseFilter(text) ?? []);
  return filtersOf(one).some((a) =>
    filtersOf(other).some((b) => covers([rightOf(a)], b) || covers([rightOf(b)], a)),
  );
}
