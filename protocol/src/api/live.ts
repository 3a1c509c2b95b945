import { type Static, Type } from "typebox";
import { BridgeView } from "./bridge.ts";
import {
  AlertView,
  CommandView,
  GatewayView,
  ModuleView,
  NotificationView,
  PropertyView,
  RuleView,
  ThingView,
} from "./views.ts";

/**
 * The live socket `/ws`: first one `snapshot`, then `delta` messages whose `seq` counts up by one. A client that
 * misses a number reconnects and gets a new snapshot. The server sends only; clients use HTTP to change things.
 */
export const Snapshot = Type.Object({
  type: Type.Literal("snapshot"),
  seq: Type.Integer(),
  gateway: GatewayView,
  things: Type.Array(ThingView),
  rules: Type.Array(RuleView),
  bridges: Type.Array(BridgeView),
  modules: Type.Array(ModuleView),
});
export type Snapshot = Static<typeof Snapshot>;

export const Change = Type.Union([
  Type.Object({ kind: Type.Literal("thing"), thing: ThingView }),
  Type.Object({ kind: Type.Literal("retired"), id: Type.String() }),
  Type.Object({
    kind: Type.Literal("availability"),
    id: Type.String(),
    availability: ThingView.properties.availability,
  }),
  Type.Object({
    kind: Type.Literal("reading"),
    id: Type.String(),
    property: Type.String(),
    view: PropertyView,
  }),
  Type.Object({ kind: Type.Literal("alerts"), id: Type.String(), alerts: Type.Array(AlertView) }),
  Type.Object({
    kind: Type.Literal("event"),
    id: Type.String(),
    event: Type.String(),
    data: Type.Unknown(),
    time: Type.String({ format: "date-time" }),
  }),
  Type.Object({ kind: Type.Literal("command"), command: CommandView }),
  Type.Object({ kind: Type.Literal("rule"), rule: RuleView }),
  Type.Object({ kind: Type.Literal("rule-removed"), id: Type.String() }),
  Type.Object({ kind: Type.Literal("bridge"), bridge: BridgeView }),
  Type.Object({ kind: Type.Literal("bridge-removed"), id: Type.String() }),
  Type.Object({ kind: Type.Literal("module"), module: ModuleView }),
  Type.Object({ kind: Type.Literal("gateway"), gateway: GatewayView }),
  Type.Object({ kind: Type.Literal("notification"), notification: NotificationView }),
]);
export type Change = Static<typeof Change>;

export const Delta = Type.Object({
  type: Type.Literal("delta"),
  seq: Type.Integer(),
  changes: Type.Array(Change),
});
export type Delta = Static<typeof Delta>;

export type LiveMessage = Snapshot | Delta;
