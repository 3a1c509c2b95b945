import type { Registry } from "@tram/core";
import { type CommandId, parseThingId, type Thing } from "@tram/protocol";
import { Type } from "typebox";
import { ActionStatus, actionStatus } from "./action-status.ts";
import { problem, type Route, type RouteReply, type RouteRequest } from "./route.ts";
import { COMMAND_PROBLEMS, COMMAND_QUERY, type CommandParts, submitCommands } from "./submit-command.ts";

const ACTION = { id: "Id of the Thing.", name: "Name of the action." };

/** Actions of Things, with an answer before they are done (WoT Profile "Asynchronous Action Response"). */
export function actionRoutes(parts: CommandParts & { readonly registry: Registry }): readonly Route[] {
  const { commands, registry } = parts;
  return [
    {
      method: "post",
      path: "/api/v1/things/{id}/actions/{name}",
      operationId: "invokeAction",
      summary: "Invoke an action",
      tag: "Things",
      scope: "control",
      params: ACTION,
      query: COMMAND_QUERY,
      body: Type.Unknown({ description: "The action's input; nothing, or null, without one." }),
      answer: {
        status: 201,
        description: "Accepted; `Location` and `href` name where its status is told.",
        schema: ActionStatus,
      },
      problems: COMMAND_PROBLEMS,
      handle: (request) => {
        const id = parseThingId(request.params.id ?? "");
        if (id === undefined) return problem(404, "unknown-thing", `There is no Thing ${request.params.id}.`);
        const action = request.params.name ?? "";
        const wanted = { thing: id, target: { action }, value: request.body };
        return submitCommands(parts, request, [wanted], ([command]): RouteReply => {
          if (command === undefined) return problem(500, "internal", "The command was not made.");
          const body = actionStatus(command, action);
          return { status: 201, body, headers: { Location: body.href } };
        });
      },
    },
    {
      method: "get",
      path: "/api/v1/things/{id}/actions/{name}/{command}",
      operationId: "queryAction",
      summary: "What became of an action",
      tag: "Things",
      scope: "read",
      params: { ...ACTION, command: "Id that the answer to its invocation named." },
      answer: { status: 200, description: "Its status.", schema: ActionStatus },
      problems: { 404: "No such action, or too long ago." },
      handle: ({ params }: RouteRequest) => {
        const { id = "", name = "" } = params;
        const command = commands.get((params.command ?? "") as CommandId);
        const isThis = command?.thing === id && "action" in command.target && command.target.action === name;
        if (command === undefined || !isThis || !hasAction(registry, id, name)) {
          return problem(404, "unknown-action", "There is no such action, or it ended too long ago.");
        }
        return { status: 200, body: actionStatus(command, name) };
      },
    },
  ];
}

function hasAction(registry: Registry, id: string, name: string): boolean {
  const thingId = parseThingId(id);
  const thing: Thing | undefined = thingId === undefined ? undefined : registry.thing(thingId);
  return Object.hasOwn(thing?.actions ?? {}, name);
}
