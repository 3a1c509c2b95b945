import type { Gateway, Notice } from "../gateway.ts";
import type { PropertyValue } from "../live-message.ts";
import { short, text } from "../outside.ts";
import { ReadingFilter } from "../reading-filter.ts";
import type { NodeConfig, NodeStatus, Red, RedNode } from "../red.ts";
import type { StatusLight } from "../status-light.ts";
import { attach, type Part } from "./attach.ts";

const TYPE = "tram-thing-in";
/** Devices that can be counted on, though one of them is asleep now. */
const AVAILABLE: ReadonlySet<string> = new Set(["ready", "sleeping"]);

/** Emits what a Thing reports: one property, or all of them; and whether it can be reached. */
export default function register(RED: Red): void {
  RED.nodes.registerType(TYPE, function thingIn(this: RedNode, config: NodeConfig): void {
    RED.nodes.createNode(this, config);
    attach(RED, this, config, (gateway, light) => watchThing(this, config, gateway, light));
  });
}

function watchThing(node: RedNode, config: NodeConfig, gateway: Gateway, light: StatusLight): Part {
  const thing = text(config.thing)?.trim() ?? "";
  const wanted = text(config.property)?.trim();
  const tellsAvailability = config.availability === true;
  const filter = new ReadingFilter({
    initial: config.initial === true,
    goodOnly: config.goodOnly !== false,
    changesOnly: config.changesOnly === true,
  });
  let availability: string | undefined;
  let latest: PropertyValue | undefined;

  const isWanted = (property: string): boolean =>
    wanted === undefined || property === gateway.mirror.propertyKey(thing, wanted);

  const status = (): NodeStatus => {
    const known = gateway.mirror.things.get(thing);
    if (known === undefined) return { fill: "grey", shape: "ring", text: `${TYPE}.status.unknown` };
    if (!AVAILABLE.has(known.availability)) {
      return { fill: "red", shape: "ring", text: `${TYPE}.status.lost` };
    }
    if (latest === undefined) return { fill: "grey", shape: "dot", text: `${TYPE}.status.noValue` };
    const good = latest.quality === "good";
    return { fill: good ? "green" : "yellow", shape: good ? "dot" : "ring", text: short(latest.value) };
  };

  const send = (property: string, value: PropertyValue): void => {
    const info = gateway.mirror.things.get(thing)?.properties.get(property);
    const message = {
      topic: `${thing}/${property}`,
      payload: value.value,
      thing,
      property,
      quality: value.quality,
      time: value.time,
      ...(info?.unit === undefined ? {} : { unit: info.unit }),
    };
    node.send(tellsAvailability ? [message, null] : message);
  };

  const tellAvailability = (): void => {
    // Who cannot hear the gateway knows nothing of the Thing.
    const heard = gateway.link.state === "online" ? gateway.mirror.things.get(thing) : undefined;
    const now = heard?.availability ?? "unknown";
    if (now === availability) return;
    availability = now;
    if (tellsAvailability) {
      node.send([
        null,
        { topic: `${thing}/$availability`, payload: now, thing, available: AVAILABLE.has(now) },
      ]);
    }
  };

  const snapshot = (): void => {
    const values = [...(gateway.mirror.things.get(thing)?.values ?? [])].filter(([key]) => isWanted(key));
    latest = values.at(-1)?.[1];
    for (const [property, value] of filter.snapshot(values)) send(property, value);
  };

  const hear = (notice: Notice): void => {
    if (notice.kind === "snapshot") snapshot();
    else if (notice.kind === "link") tellAvailability();
    else {
      const { change } = notice;
      if (change.kind === "thing" ? change.thing.id !== thing : !("id" in change) || change.id !== thing)
        return;
      if (change.kind === "reading") {
        if (!isWanted(change.property)) return;
        latest = change.value;
        if (filter.live(change.property, change.value)) send(change.property, change.value);
      } else if (change.kind === "thing") snapshot();
      tellAvailability();
      light.show(status());
    }
  };

  // A node that is deployed while the connection stands begins with what is known, once the other nodes are there.
  const begin = gateway.timers.after(0, () => {
    if (gateway.link.state !== "online") return;
    snapshot();
    tellAvailability();
    light.show(status());
  });
  return { hear, status, held: [begin] };
}
