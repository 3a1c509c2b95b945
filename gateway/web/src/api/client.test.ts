import { describe, expect, it } from "vitest";
import { createApiClient } from "./client.ts";

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

function clientAnswering(answer: () => Response) {
  const sent: Sent[] = [];
  const client = createApiClient(async (url, init) => {
    sent.push({ url: String(url), init: init ?? {} });
    return answer();
  });
  return { client, sent };
}

const problem = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/problem+json" } });

describe("createApiClient", () => {
  it("marks what changes state as ours, and nothing else", async () => {
    const { client, sent } = clientAnswering(() => new Response(null, { status: 204 }));
    expect(await client.setProperty("lamp", "lamp/on", false)).toEqual({ ok: true, value: undefined });
    await client.signOut();
    await client.session();
    expect(sent.map(({ url, init }) => [init.method, url])).toEqual([
      ["PUT", "/api/v1/things/lamp/properties/lamp/on"],
      ["DELETE", "/api/v1/session"],
      ["GET", "/api/v1/session"],
    ]);
    const marks = sent.map(({ init }) => new Headers(init.headers).get("x-tram-request"));
    expect(marks).toEqual(["1", "1", null]);
    expect(sent[0]?.init.body).toBe('{"value":false}');
  });

  it("keeps ids inside their place in the path", async () => {
    const { client, sent } = clientAnswering(() => new Response(null, { status: 204 }));
    await client.setProperty("a/../b?", "n#/x y", 1);
    expect(sent[0]?.url).toBe("/api/v1/things/a%2F..%2Fb%3F/properties/n%23/x%20y");
  });

  it("reads problems", async () => {
    const errors = [{ path: "/password", problem: "too short" }];
    const { client } = clientAnswering(() =>
      problem(422, { type: "about:blank", title: "Invalid", status: 422, code: "invalid", errors }),
    );
    expect(await client.signIn({ username: "a", password: "b" })).toEqual({
      ok: false,
      problem: { status: 422, code: "invalid", detail: "Invalid", errors },
    });
  });

  it("makes do with an error page that is not ours", async () => {
    const { client } = clientAnswering(() => new Response("<h1>Bad gateway</h1>", { status: 502 }));
    expect(await client.session()).toEqual({
      ok: false,
      problem: { status: 502, code: "http-502", errors: [] },
    });
  });

  it("turns a broken network and a broken body into a problem with status 0", async () => {
    const down = createApiClient(() => Promise.reject(new TypeError("Failed to fetch")));
    expect(await down.session()).toMatchObject({ ok: false, problem: { status: 0, code: "network" } });
    const { client } = clientAnswering(
      () => new Response("{", { headers: { "content-type": "application/json" } }),
    );
    expect(await client.session()).toMatchObject({ ok: false, problem: { status: 0 } });
  });
});
