import { request as httpRequest } from "node:http";
import { expect } from "vitest";
import type { GatewayHandle } from "./processes.ts";

export const ADMIN = { username: "minh", password: "mot mat khau dai" };

/** What the web UI sends with each change. */
export const MARK = { "x-tram-request": "1" };

export interface Caller {
  readonly headers: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

/** Calls the gateway's HTTP API over TCP, as a browser or a program of the network does. */
export async function call(
  gateway: GatewayHandle,
  method: string,
  path: string,
  options: { body?: unknown; headers?: Readonly<Record<string, string>> } = {},
): Promise<Reply> {
  const response = await fetch(new URL(path, gateway.web), {
    method,
    redirect: "manual",
    headers: {
      ...(options.body === undefined ? {} : { "content-type": "application/json" }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: text === "" ? undefined : JSON.parse(text),
    headers: response.headers,
  };
}

/** Calls it with headers that `fetch` does not let go (`Host`), or over the local socket. */
export function rawCall(
  target: { readonly port: number } | { readonly socketPath: string },
  method: string,
  path: string,
  options: { body?: unknown; headers?: Readonly<Record<string, string>> } = {},
): Promise<{ status: number; body: unknown; headers: Readonly<Record<string, unknown>> }> {
  const where = "port" in target ? { host: "127.0.0.1", port: target.port } : target;
  return new Promise((resolve, reject) => {
    const text = options.body === undefined ? undefined : JSON.stringify(options.body);
    const sent = httpRequest(
      {
        ...where,
        method,
        path,
        headers: {
          ...(text === undefined ? {} : { "content-type": "application/json" }),
          ...options.headers,
        },
      },
      (response) => {
        let answer = "";
        response.setEncoding("utf8").on("data", (chunk: string) => {
          answer += chunk;
        });
        response.on("end", () => {
          const json = /[/+]json/.test(response.headers["content-type"] ?? "");
          const body = json ? JSON.parse(answer) : answer;
          resolve({ status: response.statusCode ?? 0, body, headers: response.headers });
        });
      },
    );
    sent.on("error", reject);
    sent.end(text);
  });
}

/** Creates the administrator with the printed code, as the web page does. */
export async function setUp(gateway: GatewayHandle): Promise<Caller> {
  const reply = await call(gateway, "POST", "/api/v1/setup", {
    body: { code: gateway.setupCode, ...ADMIN },
    headers: MARK,
  });
  expect(reply.status).toBe(204);
  const cookie = reply.headers.get("set-cookie") ?? "";
  expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
  return { headers: { cookie: cookie.split(";")[0] ?? "", ...MARK } };
}
