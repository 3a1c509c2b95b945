import {
  actuatorOf,
  actuators,
  commandTopic,
  PASSWORD,
  RULES_ACCOUNT,
  readingTopic,
  THRESHOLD,
  things,
} from "./scenario.ts";

/** A node of a Node-RED flow file: its type says which other keys it has. */
type FlowNode = Readonly<Record<string, unknown>> & { readonly id: string; readonly type: string };

const BROKER = "broker";
const TAB = "automation";

/**
 * The automation as a user of Node-RED draws it. For each Thing: MQTT in → above or below the threshold → the value of
 * the relay → only when it changed → MQTT out.
 */
export function flows(port: number): readonly FlowNode[] {
  return [
    { id: TAB, type: "tab", label: "Thresholds", disabled: false },
    {
      id: BROKER,
      type: "mqtt-broker",
      name: "",
      broker: "127.0.0.1",
      port: String(port),
      clientid: "node-red",
      autoConnect: true,
      usetls: false,
      protocolVersion: "4",
      keepalive: "60",
      cleansession: true,
    },
    ...things.flatMap(branchOf),
  ];
}

/** The credentials of the nodes, as Node-RED keeps them beside the flow when `credentialSecret` is false. */
export function flowCredentials(): Readonly<Record<string, { user: string; password: string }>> {
  return { [BROKER]: { user: RULES_ACCOUNT, password: PASSWORD } };
}

function branchOf(thing: string, index: number): readonly FlowNode[] {
  const id = (part: string): string => `${thing}-${part}`;
  const actuator = actuators[actuatorOf(index)] ?? "";
  const change = (part: string, value: boolean): FlowNode => ({
    id: id(part),
    type: "change",
    z: TAB,
    rules: [{ t: "set", p: "payload", pt: "msg", to: String(value), tot: "bool" }],
    wires: [[id("changed")]],
  });
  return [
    {
      id: id("in"),
      type: "mqtt in",
      z: TAB,
      topic: readingTopic(thing),
      qos: "1",
      datatype: "utf8",
      broker: BROKER,
      inputs: 0,
      wires: [[id("threshold")]],
    },
    {
      id: id("threshold"),
      type: "switch",
      z: TAB,
      property: "payload",
      propertyType: "msg",
      rules: [
        { t: "gt", v: String(THRESHOLD), vt: "num" },
        { t: "lt", v: String(THRESHOLD), vt: "num" },
      ],
      checkall: "false",
      outputs: 2,
      wires: [[id("above")], [id("below")]],
    },
    change("above", true),
    change("below", false),
    {
      id: id("changed"),
      type: "rbe",
      z: TAB,
      func: "rbe",
      property: "payload",
      septopics: false,
      wires: [[id("out")]],
    },
    {
      id: id("out"),
      type: "mqtt out",
      z: TAB,
      topic: commandTopic(actuator),
      qos: "1",
      retain: "false",
      broker: BROKER,
      wires: [],
    },
  ];
}
