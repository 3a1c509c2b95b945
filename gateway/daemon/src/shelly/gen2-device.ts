import { type Json, show } from "@tram/protocol";
import type { Place } from "../foreign/described-devices.ts";
import { DeviceShape, titleOf } from "../foreign/device-shape.ts";
import type {
  ForeignAnswer,
  ForeignDevice,
  ForeignMessage,
  PropertyBinding,
  ReadBinding,
} from "../foreign/foreign-device.ts";
import { asText, at, decodeAt, parseJson, SILENCE } from "../foreign/json-payload.ts";
import { COMPONENTS, type Field, PRESSES } from "./gen2-components.ts";

/** What a device has told of itself, as far as it counts. */
export interface Gen2Description {
  /** What its topics begin with. */
  readonly prefix: string;
  /** Components with the values that they tell: `"switch:0": ["output", "aenergy.total"]`. */
  readonly components: Readonly<Record<string, readonly string[]>>;
  /** What people call the components. */
  readonly names: Readonly<Record<string, string>>;
  /** It wakes for a moment only. */
  readonly sleeps: boolean;
}

const COMPONENT = /^([a-z0-9]{1,16}):(\d{1,3})$/;

/** A Shelly of the second generation or a later one. */
export function gen2Device(described: Gen2Description, { id, owner, title }: Place): ForeignDevice {
  const shape = new DeviceShape();
  const topics = new Gen2Topics(described.prefix);
  const parts = Object.entries(described.components).flatMap(([name, told]) => {
    const [, type = "", number = ""] = COMPONENT.exec(name) ?? [];
    const component = Object.hasOwn(COMPONENTS, type) ? COMPONENTS[type] : undefined;
    return component === undefined ? [] : [{ name, type, number: Number(number), told, component }];
  });
  const isOnly = (type: string): boolean => parts.filter((part) => part.type === type).length === 1;
  for (const { component, name, number, told, type } of parts) {
    const node = `${component.node}-${number + 1}`;
    const only = isOnly(type) && !(isLight(type) && parts.filter((part) => isLight(part.type)).length > 1);
    const nodeTitle = titleOf(described.names[name]);
    if (type === "cover") addCoverCommand(shape, topics, { number, node: only ? "cover" : node });
    for (const field of component.fields) {
      if (!told.includes(field.path.join("."))) continue;
      const [of = "", role = ""] = field.key.split("/");
      const metered = type === "switch" && role === "on" && told.includes("apower");
      const wished = metered ? "plug/on" : field.key;
      // A part of a component, such as a phase, keeps its place.
      const shared = type === "em" && of.startsWith("phase-") ? [field.key] : [];
      shape.add({
        keys: [
          ...(only && type !== "input" ? [wished] : shared),
          `${node}/${role}`,
          `${type}-${number + 1}/${role}`,
        ],
        like: field.key,
        ...(field.affordance === undefined ? {} : { affordance: field.affordance }),
        node: nodeTitle,
        reads: topics.reads(name, field),
        ...(field.write === undefined ? {} : { write: topics.write(number, field.write) }),
      });
    }
    if (type === "input") addPresses(shape, topics, { name, number, node: nodeTitle, only });
  }
  if (shape.properties.size === 0) shape.problem("it tells nothing that is known");
  const { nodes, problems, properties } = shape;
  const online = {
    topic: `${described.prefix}/online`,
    decode: (payload: string) => (payload === "true" ? true : payload === "false" ? false : undefined),
  };
  const availability = described.sleeps ? [] : [online];
  return { id, title, owner, nodes, properties, availability, availabilityMode: "latest", problems };
}

function isLight(type: string): boolean {
  return ["light", "rgb", "rgbw", "cct"].includes(type);
}

/** Numbers of the commands of this process: the answer to one is told from that to another. */
let commands = 0;

/** https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Mqtt and /General/RPCProtocol */
export class Gen2Topics {
  readonly prefix: string;
  /** Below its own topics: its account may say there what it likes, and nobody else hears it. */
  readonly src: string;

  constructor(prefix: string) {
    this.prefix = prefix;
    this.src = `${prefix}/tram`;
  }

  get rpc(): string {
    return `${this.prefix}/rpc`;
  }

  get answers(): string {
    return `${this.src}/rpc`;
  }

  /** A request of its state. */
  request(method: string): Pick<ForeignMessage, "payload" | "topic"> {
    return { topic: this.rpc, payload: JSON.stringify({ id: method, src: this.src, method }) };
  }

  /** A value of a component: when it changes, when all is told, and when it was asked for. */
  reads(component: string, { decode, path }: Field): readonly ReadBinding[] {
    return [
      { topic: `${this.prefix}/events/rpc`, decode: decodeAt(["params", component, ...path], decode) },
      { topic: `${this.prefix}/status/${component}`, decode: decodeAt(path, decode) },
      { topic: this.answers, decode: decodeAt(["result", component, ...path], decode) },
    ];
  }

  write(
    id: number,
    { isSame, method, params }: NonNullable<Field["write"]>,
  ): NonNullable<PropertyBinding["write"]> {
    return {
      topic: this.rpc,
      encode: (value) => this.command(method, { id, ...params(value) }),
      ...(isSame === undefined ? {} : { isSame }),
    };
  }

  command(method: string, params: Readonly<Record<string, unknown>>): ForeignMessage {
    const id = ++commands;
    return {
      topic: this.rpc,
      payload: JSON.stringify({ id, src: this.src, method, params }),
      qos: 1,
      retain: false,
      reply: { topic: this.answers, decode: (payload) => answerOf(payload, id) },
    };
  }
}

/** A response frame has the number of its request, and either a result or an error. */
function answerOf(payload: string, id: number): ForeignAnswer | undefined {
  const json = parseJson(payload);
  if (at(json, "id") !== id) return undefined;
  const error = at(json, "error");
  if (error === undefined) return { ok: true };
  const message = asText(at(error, "message")) ?? `error ${show(at(error, "code") ?? null)}`;
  return { ok: false, problem: message.slice(0, 200) };
}

const COVER_METHODS: Readonly<Record<string, string>> = {
  open: "Cover.Open",
  close: "Cover.Close",
  stop: "Cover.Stop",
};

function addCoverCommand(
  shape: DeviceShape,
  topics: Gen2Topics,
  { node, number }: { readonly node: string; readonly number: number },
): void {
  const encode = (value: Json): ForeignMessage =>
    topics.command(COVER_METHODS[String(value)] ?? "Cover.Stop", { id: number });
  shape.add({
    keys: [`${node}/command`],
    affordance: { type: "string", enum: Object.keys(COVER_METHODS), title: "Command" },
    reads: [],
    write: { topic: topics.rpc, encode },
  });
}

/** `NotifyEvent`: `{"params":{"events":[{"component":"input:0","event":"single_push"}]}}`. */
function addPresses(
  shape: DeviceShape,
  topics: Gen2Topics,
  {
    name,
    node,
    number,
    only,
  }: {
    readonly name: string;
    readonly number: number;
    readonly node: string | undefined;
    readonly only: boolean;
  },
): void {
  const decode: ReadBinding["decode"] = (payload) => {
    const events = at(parseJson(payload), "params", "events");
    const own = Array.isArray(events) ? events.filter((event) => at(event, "component") === name) : [];
    const presses = own.flatMap((event) => {
      const told = at(event, "event");
      return typeof told === "string" && Object.hasOwn(PRESSES, told) ? [PRESSES[told]] : [];
    });
    const last = presses.at(-1);
    return last === undefined ? SILENCE : { ok: true, value: last };
  };
  shape.add({
    keys: [...(only ? ["button/event"] : []), `button-${number + 1}/event`],
    affordance: { type: "string", enum: Object.values(PRESSES), momentary: true },
    node,
    reads: [{ topic: `${topics.prefix}/events/rpc`, decode }],
  });
}
