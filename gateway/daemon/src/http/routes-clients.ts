import { ClientView } from "@tram/protocol";
import { Type } from "typebox";
import { problem, type Route } from "./route.ts";

/** What the pages about MQTT clients look at and do. */
export interface ClientDesk {
  all(): readonly ClientView[];
  of(id: string): readonly ClientView[];
  /** @returns how many connections were closed. */
  kick(id: string, options: { readonly forget: boolean; readonly by: string }): number;
}

const ID = { id: "Id of the client, percent-encoded." } as const;

function unknown(id: string): ReturnType<typeof problem> {
  return problem(404, "unknown-client", `There is no client or session "${id.slice(0, 100)}".`);
}

/** The MQTT clients and their sessions. */
export function clientRoutes(desk: ClientDesk): readonly Route[] {
  const list = Type.Object({ clients: Type.Array(ClientView) });
  return [
    {
      method: "get",
      path: "/api/v1/clients",
      operationId: "listClients",
      summary: "MQTT clients: those that are connected, and sessions whose client is away",
      tag: "Gateway",
      scope: "admin",
      answer: { status: 200, description: "The clients.", schema: list },
      handle: () => ({ status: 200, body: { clients: desk.all() } }),
    },
    {
      method: "get",
      path: "/api/v1/clients/{id}",
      operationId: "getClient",
      summary: "The sessions with a client id; more than one when accounts use the same",
      tag: "Gateway",
      scope: "admin",
      params: ID,
      answer: { status: 200, description: "The sessions.", schema: list },
      problems: { 404: "There is none with this id." },
      handle: ({ params: { id = "" } }) => {
        const clients = desk.of(id);
        return clients.length === 0 ? unknown(id) : { status: 200, body: { clients } };
      },
    },
    {
      method: "delete",
      path: "/api/v1/clients/{id}",
      operationId: "kickClient",
      summary:
        "Disconnect a client; with `forget=true` its session ends too, with everything that waits for it",
      tag: "Gateway",
      scope: "admin",
      params: ID,
      query: { forget: "`true` ends the session." },
      answer: { status: 204, description: "It is disconnected." },
      problems: { 404: "There is none with this id." },
      handle: ({ params: { id = "" }, principal, query }) => {
        if (desk.of(id).length === 0) return unknown(id);
        desk.kick(id, { forget: query.forget === "true", by: principal?.name ?? "" });
        return { status: 204 };
      },
    },
  ];
}
