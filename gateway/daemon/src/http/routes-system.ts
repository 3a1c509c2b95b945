import { BridgeView, ClientView, GatewayView, ModuleView, RuleView, TraceView } from "@tram/protocol";
import { Type } from "typebox";
import { problem, type Route } from "./route.ts";

/** What the system pages look at; each function answers with the state of this moment. */
export interface SystemViews {
  gateway(): GatewayView;
  modules(): readonly ModuleView[];
  clients(): readonly ClientView[];
  bridges(): readonly BridgeView[];
  rules(): readonly RuleView[];
  rule(id: string): RuleView | undefined;
  /** Newest first. */
  traces(id: string): readonly TraceView[] | undefined;
}

/** The gateway itself: health, modules, clients, bridges and rules. */
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
    {
      method: "get",
      path: "/api/v1/clients",
      operationId: "listClients",
      summary: "MQTT clients that are connected now",
      tag: "Gateway",
      scope: "admin",
      answer: {
        status: 200,
        description: "The clients.",
        schema: Type.Object({ clients: Type.Array(ClientView) }),
      },
      handle: () => ({ status: 200, body: { clients: views.clients() } }),
    },
    {
      method: "get",
      path: "/api/v1/bridge",
      operationId: "getBridges",
      summary: "Cloud bridges: link, queue, drops and the last error",
      tag: "Cloud",
      scope: "read",
      answer: {
        status: 200,
        description: "The bridges.",
        schema: Type.Object({ bridges: Type.Array(BridgeView) }),
      },
      handle: () => ({ status: 200, body: { bridges: views.bridges() } }),
    },
    {
      method: "get",
      path: "/api/v1/rules",
      operationId: "listRules",
      summary: "Rules with their state, problems and last trace",
      tag: "Rules",
      scope: "read",
      answer: {
        status: 200,
        description: "The rules.",
        schema: Type.Object({ rules: Type.Array(RuleView) }),
      },
      handle: () => ({ status: 200, body: { rules: views.rules() } }),
    },
    {
      method: "get",
      path: "/api/v1/rules/{id}",
      operationId: "getRule",
      summary: "One rule",
      tag: "Rules",
      scope: "read",
      params: { id: "Id of the rule." },
      answer: { status: 200, description: "The rule.", schema: RuleView },
      problems: { 404: "No such rule." },
      handle: (request) => {
        const rule = views.rule(request.params.id ?? "");
        return rule === undefined ? noRule(request.params.id) : { status: 200, body: rule };
      },
    },
    {
      method: "get",
      path: "/api/v1/rules/{id}/traces",
      operationId: "getRuleTraces",
      summary: "Why the rule fired, or did not: its latest evaluations, newest first",
      tag: "Rules",
      scope: "read",
      params: { id: "Id of the rule." },
      answer: {
        status: 200,
        description: "The traces.",
        schema: Type.Object({ traces: Type.Array(TraceView) }),
      },
      problems: { 404: "No such rule." },
      handle: (request) => {
        const traces = views.traces(request.params.id ?? "");
        return traces === undefined ? noRule(request.params.id) : { status: 200, body: { traces } };
      },
    },
  ];
}

function noRule(id: string | undefined): ReturnType<typeof problem> {
  return problem(404, "unknown-rule", `There is no rule ${id}.`);
}
