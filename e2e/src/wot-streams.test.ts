import type { Delta } from "@tram/protocol";
import { connectAsync } from "mqtt";
import { describe, expect, test } from "vitest";
import { EventStream } from "./event-stream.ts";
import { call, MARK, rawCall, setUp } from "./http.ts";
import { type GatewayHandle, house, startGateway, temporaryFolder } from "./processes.ts";

const SIM = "modules: [{ id: greenhouse, use: sim, config: { seed: 1, stepMs: 200 } }]";
const LAMP = "    - { username: lamp, password: lamp-password, role: device }";
const DESCRIPTION = {
  homie: "5.0",
  version: 1,
  name: "Lamp",
  nodes: { lamp: { properties: { on: { datatype: "boolean", settable: true } } } },
};

type Headers = Readonly<Record<string, string>>;

async function tokenOf(
  gateway: GatewayHandle,
  admin: { headers: Headers },
): Promise<{ id: string; token: string }> {
  const body = { name: "stream", scopes: ["control"] };
  return (await call(gateway, "POST", "/api/v1/tokens", { ...admin, body })).body as {
    id: string;
    token: string;
  };
}

describe("streams", () => {
  test("are for those who may read, a token may come in the query, and end when the rights end", async () => {
    using folder = temporaryFolder("streams");
    const gateway = await startGateway(house(folder.path, { extra: SIM }).config);
    await using _process = gateway.process;
    const admin = await setUp(gateway);
    const { id, token } = await tokenOf(gateway, admin);
    const valve = new URL("/api/v1/things/greenhouse-valve", gateway.web).href;

    using stranger = await EventStream.open(`${valve}/events/watered`);
    expect(stranger.status).toBe(401);
    expect(stranger.headers["www-authenticate"]).toBe('Bearer realm="tram"');
    expect((await call(gateway, "GET", `${valve}/properties?access_token=${token}`)).status).toBe(401);
    expect((await call(gateway, "GET", `${valve}/events/watered`, admin)).body).toMatchObject({
      status: 406,
    });
    using unknown = await EventStream.open(`${valve}/events/constructor`, admin.headers);
    expect(unknown.status).toBe(404);

    const url = gateway.web.replace(/^http/, "ws").concat("ws");
    const live = new WebSocket(url, { headers: admin.headers } as unknown as string[]);
    const onSocket: unknown[] = [];
    live.addEventListener("message", ({ data }) => {
      const { changes = [] } = JSON.parse(String(data)) as Partial<Delta>;
      onSocket.push(...changes.filter(({ kind }) => kind === "event"));
    });
    using byCookie = await EventStream.open(`${valve}/events`, admin.headers);
    using byToken = await EventStream.open(`${valve}/properties?access_token=${token}`);
    expect(byToken.headers).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-store",
    });
    await expect
      .poll(() => byToken.messages.map(({ event }) => event).sort())
      .toEqual(["valve/flow", "valve/open"]);
    const water = await call(gateway, "POST", `${valve}/actions/water`, { ...admin, body: 1 });
    expect(water).toMatchObject({ status: 201, body: { status: "pending" } });
    const { href } = water.body as { href: string };
    expect(water.headers.get("location")).toBe(href);
    await expect
      .poll(async () => (await call(gateway, "GET", href, admin)).body)
      .toMatchObject({
        status: "completed",
        timeEnded: expect.any(String),
      });
    await expect
      .poll(() => byCookie.messages)
      .toMatchObject([{ event: "watered", data: expect.any(Number) }]);
    await expect.poll(() => onSocket).toMatchObject([{ id: "greenhouse-valve", event: "watered" }]);
    live.close();
    expect(byToken.messages.some(({ event, data }) => event === "valve/open" && data === true)).toBe(true);
    expect((await call(gateway, "GET", href.replace("/water/", "/constructor/"), admin)).status).toBe(404);

    await call(gateway, "DELETE", `/api/v1/tokens/${id}`, admin);
    await byToken.ended;
    await call(gateway, "DELETE", "/api/v1/session", { headers: { ...admin.headers, ...MARK } });
    await byCookie.ended;
    expect(gateway.process.stdout + gateway.process.stderr).not.toContain(token);
  });

  test("go on after a lost connection, and a restart is told as one", async () => {
    using folder = temporaryFolder("streams");
    const { config } = house(folder.path, { extra: SIM });
    const first = await startGateway(config);
    await using _first = first.process;
    const admin = await setUp(first);
    const path = "/api/v1/things/greenhouse-valve";
    const water = (gateway: GatewayHandle) =>
      call(gateway, "POST", `${path}/actions/water`, { ...admin, body: 1 });
    const events = new URL(`${path}/events/watered`, first.web).href;
    using lost = await EventStream.open(events, admin.headers);
    await expect.poll(() => lost.lastId).not.toBe("");
    lost[Symbol.dispose]();
    using other = await EventStream.open(events, admin.headers);
    await water(first);
    await expect.poll(() => other.messages).toHaveLength(1);
    using back = await EventStream.open(events, { ...admin.headers, "last-event-id": lost.lastId });
    await expect.poll(() => back.messages).toEqual(other.messages);

    await first.process.end("SIGKILL");
    const second = await startGateway(config);
    await using _second = second.process;
    using anew = await EventStream.open(new URL(`${path}/properties/valve/open`, second.web).href, {
      ...admin.headers,
      "last-event-id": back.lastId,
    });
    await expect.poll(() => anew.data).toEqual([false]);
    using heard = await EventStream.open(new URL(`${path}/events/watered`, second.web).href, admin.headers);
    await water(second);
    await expect.poll(() => heard.messages).toHaveLength(1);
  });

  test("a thousand of one person take the room of one person", async () => {
    using folder = temporaryFolder("streams");
    const gateway = await startGateway(house(folder.path, { extra: SIM }).config);
    await using _process = gateway.process;
    const admin = await setUp(gateway);
    const { token } = await tokenOf(gateway, admin);
    const url = new URL("/api/v1/things/greenhouse-climate/properties/air/temperature", gateway.web).href;
    const streams: EventStream[] = [];
    try {
      for (let hundred = 0; hundred < 10; hundred++) {
        const opened = Array.from({ length: 100 }, () =>
          EventStream.open(url, { authorization: `Bearer ${token}` }),
        );
        streams.push(...(await Promise.all(opened)));
      }
      const statuses = streams.map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(64);
      expect(statuses.filter((status) => status === 429)).toHaveLength(936);
      expect(streams.find(({ status }) => status === 429)?.headers["retry-after"]).toBe("30");
      // Somebody else is not in their way, and those that are left make room.
      using mine = await EventStream.open(url, admin.headers);
      await expect.poll(() => mine.data).toEqual([expect.any(Number)]);
      for (const stream of streams) stream[Symbol.dispose]();
      await expect
        .poll(async () => {
          using again = await EventStream.open(url, { authorization: `Bearer ${token}` });
          return again.status;
        })
        .toBe(200);
    } finally {
      for (const stream of streams) stream[Symbol.dispose]();
    }
  });
});

describe("the directory", () => {
  test("tells strangers where to ask and nothing else, under whatever name it is asked", async () => {
    using folder = temporaryFolder("directory");
    const gateway = await startGateway(house(folder.path, { extra: SIM }).config);
    await using _process = gateway.process;
    const ask = (headers: Headers, path = "/.well-known/wot") =>
      rawCall({ port: gateway.httpPort }, "GET", path, { headers });
    for (const host of ["evil.example", "evil.example:80", "gateway.lan@evil.example", "a b"]) {
      const reply = await ask({ host });
      expect([400, 421], host).toContain(reply.status);
      expect(JSON.stringify(reply.body)).not.toMatch(/href/);
    }
    const named = await ask({ host: `gateway.lan:${gateway.httpPort}` });
    expect(named.headers).toMatchObject({
      "content-type": "application/td+json",
      "cache-control": "no-store",
    });
    expect(JSON.stringify(named.body)).toContain(
      `http://gateway.lan:${gateway.httpPort}/api/v1/directory/things`,
    );
    expect(JSON.stringify(named.body)).not.toMatch(/greenhouse|Test house/);
    const listing = await ask({ host: "gateway.lan" }, "/api/v1/directory/things");
    expect(listing).toMatchObject({ status: 401, headers: { "www-authenticate": 'Bearer realm="tram"' } });
    const head = await fetch(new URL("/.well-known/wot", gateway.web), { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
    const asked = { method: "HEAD", headers: { accept: "text/event-stream" } };
    expect((await fetch(new URL("/api/v1/directory/events", gateway.web), asked)).status).toBe(401);

    // The broker listens on loopback alone: from elsewhere there is no way to it.
    const admin = await setUp(gateway);
    const elsewhere = await ask({ ...admin.headers, host: "gateway.lan" }, "/api/v1/things/greenhouse-fan");
    expect(JSON.stringify(elsewhere.body)).not.toMatch(/mqtts?:\/\//);
    const here = await ask({ ...admin.headers, host: "127.0.0.1" }, "/api/v1/things/greenhouse-fan");
    expect(JSON.stringify(here.body)).toContain(
      `mqtt://127.0.0.1:${gateway.mqttPort}/homie/5/greenhouse-fan/fan/on/set`,
    );
  });

  test("is read page by page, and tells what comes, changes and goes", async () => {
    using folder = temporaryFolder("directory");
    const gateway = await startGateway(house(folder.path, { extra: SIM, accounts: LAMP }).config);
    await using _process = gateway.process;
    const admin = await setUp(gateway);
    const all = (await call(gateway, "GET", "/api/v1/directory/things", admin)).body as { id: string }[];
    expect(all.length).toBeGreaterThan(5);
    const paged: { id: string }[] = [];
    let next: string | undefined = "/api/v1/directory/things?limit=3";
    while (next !== undefined) {
      const page = await call(gateway, "GET", next, admin);
      expect(page.headers.get("link")).toMatch(/rel="canonical"; etag="\w+"/);
      paged.push(...(page.body as { id: string }[]));
      next = /<([^>]+)>; rel="next"/.exec(page.headers.get("link") ?? "")?.[1];
    }
    expect(paged).toEqual(all);
    for (const wrong of ["limit=0", "limit=-1", "limit=x", "offset=-1", "offset=1e3", "limit=9999999999"]) {
      expect((await call(gateway, "GET", `/api/v1/directory/things?${wrong}`, admin)).status, wrong).toBe(
        400,
      );
    }
    const one = await call(
      gateway,
      "GET",
      `/api/v1/directory/things/${encodeURIComponent(all[0]?.id ?? "")}`,
      admin,
    );
    expect(one.body).toEqual(all[0]);

    const events = new URL("/api/v1/directory/events", gateway.web).href;
    using everything = await EventStream.open(events, admin.headers);
    using deletions = await EventStream.open(`${events}/thing_deleted`, admin.headers);
    using differences = await EventStream.open(`${events}?diff=true`, admin.headers);
    expect(differences.status).toBe(400);
    const lamp = await connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`, {
      clientId: "lamp",
      username: "lamp",
      password: "lamp-password",
    });
    try {
      const describeAs = (name: string) =>
        lamp.publishAsync("homie/5/lamp/$description", JSON.stringify({ ...DESCRIPTION, name }), {
          qos: 1,
          retain: true,
        });
      await describeAs("Lamp");
      await describeAs("Lamp");
      await describeAs("Light");
      // What is wrong with a description is no change of it.
      await lamp.publishAsync("homie/5/lamp/$description", "{", { qos: 1, retain: true });
      // A Thing that is on MQTT itself hears what is written to it over HTTP.
      const commanded = new Promise((resolve) =>
        lamp.once("message", (_topic, payload) => resolve(String(payload))),
      );
      await lamp.subscribeAsync("homie/5/lamp/lamp/on/set");
      const write = await call(gateway, "PUT", "/api/v1/things/lamp/properties", {
        ...admin,
        body: { "lamp/on": true },
      });
      expect(write.status).toBe(204);
      expect(await commanded).toBe("true");
      for (const [body, code] of [
        [{ "lamp/on": true, "lamp/off": true }, "unknown-property"],
        [{ "lamp/on": 1 }, "invalid-value"],
        [{ constructor: 1 }, "unknown-property"],
        [{}, "invalid-body"],
      ] as const) {
        const reply = await call(gateway, "PUT", "/api/v1/things/lamp/properties", { ...admin, body });
        expect(reply.body, JSON.stringify(body)).toMatchObject({ code });
      }
      await lamp.publishAsync("homie/5/lamp/lamp/on", "true", { qos: 1, retain: true });
      const values = await call(gateway, "GET", "/api/v1/things/lamp/properties?only=values", admin);
      expect(values.body).toEqual({ "lamp/on": true });
      await lamp.publishAsync("homie/5/lamp/$state", "", { qos: 1, retain: true });
      await expect
        .poll(() => everything.messages.map(({ event }) => event))
        .toEqual(["thing_created", "thing_updated", "thing_deleted"]);
      expect(everything.data).toEqual(Array.from({ length: 3 }, () => ({ id: "urn:homie:5:lamp" })));
      expect(deletions.messages).toMatchObject([{ event: "thing_deleted" }]);
    } finally {
      await lamp.endAsync();
    }
  });
});
