import { PRODUCT, Problem } from "@tram/protocol";
import type { Route } from "./route.ts";

/** Makes the OpenAPI 3.1 document out of the routes: the schemas are JSON Schema 2020-12 as they stand. */
export function openApiDocument(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of [...routes].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0))) {
    const path = paths[route.path] ?? {};
    paths[route.path] = path;
    path[route.method] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: `${PRODUCT.title} gateway`,
      version: "1",
      description:
        "The HTTP API of the gateway. Sign in for a session cookie and send `X-Tram-Request: 1` with every change, or send a token as `Authorization: Bearer …`. Errors are RFC 9457 problem details.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    security: [{ session: [] }, { token: [] }],
    paths,
    components: {
      schemas: { Problem },
      securitySchemes: {
        session: { type: "apiKey", in: "cookie", name: `${PRODUCT.name}_session` },
        token: { type: "http", scheme: "bearer" },
      },
    },
  };
}

function operation(route: Route): object {
  const problems = {
    ...(route.scope === "open" ? {} : { 401: "No session and no token.", 403: whyNot(route) }),
    ...route.problems,
  };
  const responses: Record<string, object> = {
    [route.answer.status]: {
      description: route.answer.description,
      ...(route.answer.schema === undefined
        ? {}
        : {
            content: {
              "application/json": { schema: route.answer.schema },
              ...(route.streams === undefined
                ? {}
                : { "text/event-stream": { schema: { type: "string", description: route.streams } } }),
            },
          }),
    },
  };
  for (const [status, description] of Object.entries(problems)) {
    responses[status] = {
      description,
      content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
    };
  }
  const parameters = [
    ...Object.entries(route.params ?? {}).map(([name, description]) => parameter("path", name, description)),
    ...Object.entries(route.query ?? {}).map(([name, description]) => parameter("query", name, description)),
  ];
  return {
    operationId: route.operationId,
    summary: route.summary,
    tags: [route.tag],
    ...(route.scope === "open" ? { security: [] } : { "x-scope": route.scope }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: route.body } } } }),
    responses,
  };
}

function whyNot({ scope }: Route): string {
  return scope === "local" ? "Answered over the local socket alone." : `Needs the scope \`${scope}\`.`;
}

function parameter(place: "path" | "query", name: string, description: string): object {
  return { name, in: place, required: place === "path", description, schema: { type: "string" } };
}
