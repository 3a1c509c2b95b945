import { type BridgeView, GatewayView, ModuleView } from "@tram/protocol";
import { Type } from "typebox";
import type { Route } from "./route.ts";

/** What the system pages look at; each function answers with the state of this moment. */
export interface SystemViews {
  gateway(): GatewayView;
  modules(): readonly ModuleView[];
  bridges(): readonly BridgeView[];
}

/** The gateway itself: health and modules. */
export function systemRoutes(views: SystemViews): readonly Route[] {
  return [
    {
      method: "get",
      path: "/api/v1/gateway",
      operationId: "getGateway",
      summary: "The gateway's health: clock, store, and what is wrong now",
      tag: "Gateway",
      scope: "read",
      answer: { status: 200, description: "The gateway.", schema: GatewayView },
      handle: () => ({ status: 200, body: views.gateway() }),
    },
    {
      method: "get",
      path: "/api/v1/modules",
      operationId: "listModules",
      summary: "Modules with their state and, where they failed, the reason",
      tag: "Gateway",
      scope: "read",
      answer: {
        status: 200,
        description: "The modules.",
        schema: Type.Object({ modules: Type.Array(ModuleView) }),
      },
      handle: () => ({ status: 200, body: { modules: views.modules() } }),
    },
  ];
}
