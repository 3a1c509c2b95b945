import type { Statement } from "./statement.ts";

const LIFE =
  "out: each describes itself in init, with its values, before it is ready; children before the root";
const PART = "description: the part that is wrong, and nothing else";
const EVERYTHING =
  "devices: alerts, log lines, targets and every datatype arrive; a broadcast reaches the device";
const REFUSED = "description: refuses, with the exact path,";
const TARGET = "out: repeats a command byte by byte, holds while it is under way, and follows the value else";

/** Everything but values. */
export const DEVICES: readonly Statement[] = [
  {
    section: "Topic IDs",
    side: "both",
    says: "a-z, 0-9 and `-`; `$` is reserved",
    proof: ["topics: %j is foreign", PART],
    note: "Here an id has at most 64 characters, begins and ends with a letter or digit, and is not `pair`.",
  },
  {
    section: "QoS and retained messages",
    side: "out",
    says: "everything is retained unless said otherwise",
    proof: ["out: everything but momentary values is retained"],
  },
  {
    section: "QoS and retained messages",
    side: "both",
    says: "commands are not retained",
    proof: [
      "out: is not there for what cannot be set, nor for a command that is refused",
      "e2e: Things of modules are retained children of the gateway, and take /set",
    ],
    note: "A retained one is dropped.",
  },
  {
    section: "QoS and retained messages",
    side: "both",
    says: "momentary values, and commands to them, go out at most once and are not retained",
    proof: [
      "out: everything but momentary values is retained",
      "out: commands to devices are never retained, and go out at most once to what is momentary",
    ],
  },
  {
    section: "QoS and retained messages",
    side: "out",
    says: "QoS 2 is recommended",
    note: "QoS 1, as the convention allows: it is the same for all that is retained, and the own broker keeps the order.",
  },
  {
    section: "Last Will",
    side: "in",
    says: "the will of the root's connection sets its `$state` to `lost`",
    proof: [
      "e2e: a device that drops is lost by its will; one that the gateway's stop disconnects is not",
      "devices: children are lost with the root by its will, and there again with it",
    ],
  },
  {
    section: "Last Will",
    side: "out",
    says: "the will of the root's connection sets its `$state` to `lost`",
    note: "At a broker of others (`mqtt.engine: external`). The own broker ends with the gateway.",
  },
  {
    section: "Domain and Root Topic",
    side: "both",
    says: "the topics begin with `homie/5/`; the domain may be another",
    proof: ["topics: %j is foreign"],
    note: "It is always `homie`.",
  },
  {
    section: "Auto-Discovery",
    side: "in",
    says: "devices are found by their `$state`",
    proof: ["in: what is told before the description counts after it"],
  },
  {
    section: "Auto-Discovery",
    side: "in",
    says: "an empty `$state` removes the device",
    proof: [
      "e2e: what a device sends wrong is shown on its Thing and disturbs nobody",
      "in: are bounded, and gone with the device",
    ],
  },
  { section: "Device Attributes", side: "out", says: "`$state` and `$description` are there", proof: [LIFE] },
  {
    section: "Device Attributes",
    side: "out",
    says: "`$description` changes in `init`, `disconnected` or `lost` alone",
    proof: [
      "out: a description that is another has a higher version, and properties that are gone are cleared",
    ],
  },
  {
    section: "Device Attributes",
    side: "in",
    says: "`$description` changes in `init`, `disconnected` or `lost` alone",
    proof: ["in: that changes while the device is ready is taken, and said to be out of order"],
  },
  {
    section: "Device Attributes",
    side: "both",
    says: "`homie` is `5.x`",
    proof: ["description: another convention", "description: a number as convention"],
  },
  {
    section: "Device Attributes",
    side: "in",
    says: "`version` is an integer",
    proof: ["description: a version with a fraction"],
  },
  {
    section: "Device Attributes",
    side: "out",
    says: "a description that changes gets a higher `version`",
    proof: [
      "out: a description that is another has a higher version, and properties that are gone are cleared",
      "versions: versions rise, also over starts, and a row that cannot be read starts anew",
    ],
  },
  {
    section: "Device Attributes",
    side: "both",
    says: "`nodes`, `name`, `type`, `children` and `extensions` have their types and defaults",
    proof: ["description: a whole device", REFUSED],
    note: "None is nullable; a null is read as its default.",
  },
  {
    section: "Device Attributes",
    side: "both",
    says: "`root` where the device is not the root, `parent` where that is another device",
    proof: [
      "written: relations are told, and the version that is given",
      "description: a root that is itself",
      "family: name their parent, and the root where that is another",
    ],
  },
  {
    section: "Device hierarchy",
    side: "in",
    says: "whose root is lost is lost; else the device's own `$state` counts",
    proof: [
      "family: are lost with the root and as they said themselves when it is back",
      "family: are not lost with a parent that is not the root, nor asleep with a root that sleeps",
      "family: in a ring do no harm",
      "devices: children are lost with the root by its will, and there again with it",
    ],
  },
  {
    section: "Device hierarchy",
    side: "out",
    says: "the root lists its children, who name it",
    proof: ["e2e: Things of modules are retained children of the gateway, and take /set"],
  },
  {
    section: "Device Lifecycle",
    side: "in",
    says: "`init`, `ready`, `disconnected`, `sleeping` and `lost`, and no other state",
    proof: ["state: %j is no state", "in: another word is told on the Thing"],
  },
  {
    section: "Device Lifecycle",
    side: "in",
    says: "a device that sleeps is well: its values hold",
    proof: [
      "in: values of a device that sleeps stay good, those of one that is lost do not",
      "in: after a restart, who was away is known to be, and who was there is not",
    ],
  },
  {
    section: "Device Lifecycle",
    side: "out",
    says: "`ready` once everything is told, values too",
    proof: [LIFE],
  },
  {
    section: "Device Lifecycle",
    side: "out",
    says: "`disconnected` before a clean end",
    proof: [
      "out: all say goodbye",
      "e2e: Things of modules are retained children of the gateway, and take /set",
    ],
  },
  {
    section: "Device Lifecycle",
    side: "out",
    says: "to remove a device its `$state` is cleared first, then the rest",
    proof: [
      "out: a Thing that is gone is no child of the root any more, then its topics are cleared, the state first",
    ],
  },
  {
    section: "Node Attributes",
    side: "both",
    says: "nodes have an id, `name`, `type` and `properties`",
    proof: ["description: a whole device", PART],
    note: "The type of a node is not kept.",
  },
  {
    section: "Property Attributes",
    side: "both",
    says: "properties have an id, `name`, `datatype`, `format`, `settable`, `retained` and `unit`",
    proof: [
      "description: a whole device",
      REFUSED,
      "written: a Thing that is described to Homie and read again is the same Thing",
    ],
  },
  {
    section: "Settable and retained properties",
    side: "in",
    says: "what is not settable takes no commands",
    proof: ["out: is not there for what cannot be set, nor for a command that is refused"],
  },
  {
    section: "Units",
    side: "both",
    says: "any text; some are recommended",
    proof: ["description: a whole device"],
    note: "At most 32 characters.",
  },
  {
    section: "Target attribute",
    side: "out",
    says: "told with every update of the value, the first one too, or never",
    proof: [TARGET, "out: is not there for what cannot be set, nor for a command that is refused"],
  },
  { section: "Target attribute", side: "out", says: "told before the value", proof: [TARGET] },
  {
    section: "Target attribute",
    side: "out",
    says: "repeats an accepted command byte by byte",
    proof: [TARGET],
  },
  {
    section: "Target attribute",
    side: "out",
    says: "of remote hardware: steps on the way do not change it",
    proof: [TARGET, "out: of a later command holds when an earlier one ends"],
  },
  {
    section: "Target attribute",
    side: "in",
    says: "it says that a command was accepted, not that the value will be reached",
    proof: ["in: confirm no command: only the value does", EVERYTHING],
  },
  {
    section: "Property command topic",
    side: "out",
    says: "a command is reflected by `$target` or the value as soon as possible",
    proof: [TARGET, "out: is what the Thing is when a command has come to nothing"],
  },
  {
    section: "Alert topic",
    side: "in",
    says: "retained texts, each with an id; cleared when they are over",
    proof: [
      "in: are raised, told in other words, and taken back",
      EVERYTHING,
      "topics: alerts, log lines and broadcasts",
    ],
    note: "16 of a device, 256 characters each.",
  },
  {
    section: "Alert topic",
    side: "out",
    says: "retained texts, each with an id; cleared when they are over",
    proof: [
      "root: a problem is an alert as long as it lasts",
      "devices: alerts and who sleeps are known after a kill; the gateway raises its own problems",
    ],
  },
  {
    section: "Broadcast Topic",
    side: "both",
    says: "controllers say something to all devices; levels are ids; it should not be retained",
    proof: [
      EVERYTHING,
      "topics: alerts, log lines and broadcasts",
      'access: ["flows", "homie/5/$broadcast/alert", true, true]',
    ],
    note: "Things of modules do not hear it.",
  },
  {
    section: "Logging",
    side: "in",
    says: "`$log/<level>`: debug, info, warn, error, fatal; no level below",
    proof: [
      "topics: alerts, log lines and broadcasts",
      "in: reach the gateway's log and, the latest of them, the Thing",
      EVERYTHING,
    ],
  },
  {
    section: "Logging",
    side: "both",
    says: "to be used with care",
    proof: [
      "in: of a device that shouts are left out, which is told once a minute",
      "root: warnings are log lines of the gateway, few of them, and without what nobody else should know",
    ],
  },
  {
    section: "Logging",
    side: "out",
    says: "lines are not retained",
    proof: [
      "root: warnings are log lines of the gateway, few of them, and without what nobody else should know",
    ],
  },
  {
    section: "Extensions",
    side: "in",
    says: "a device may support extensions, named in its description",
    proof: ["description: extensions that are none", "description: a whole device"],
    note: "None is spoken here.",
  },
  {
    section: "Device reconfiguration",
    side: "out",
    says: "what is gone is cleared by empty messages",
    proof: [
      "out: a description that is another has a higher version, and properties that are gone are cleared",
    ],
  },
  {
    section: "Device reconfiguration",
    side: "in",
    says: "a cleared value is no news of its property",
    proof: ["in: a cleared topic says nothing of the property"],
  },
  {
    section: "Adding children",
    side: "out",
    says: "children are described before their parent names them, once for many",
    proof: [LIFE],
  },
  {
    section: "Removing children",
    side: "out",
    says: "the parent names them no more, then their topics are cleared",
    proof: [
      "out: a Thing that is gone is no child of the root any more, then its topics are cleared, the state first",
    ],
  },
  { section: "Versioning", side: "in", says: "any 5.x is read", proof: [PART] },
  {
    section: "Forward compatibility",
    side: "in",
    says: "what is not known is ignored, and its object kept",
    proof: [PART],
  },
  {
    section: "Forward compatibility",
    side: "in",
    says: "an object with an illegal value in what is known is left out: property, node or device",
    proof: [PART, "in: of which a part is refused counts without that part, which is told on the Thing"],
  },
];
