import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { VirtualClock } from "@tram/testkit";
import { describe, expect, it } from "vitest";
import { BridgeError } from "../bridge-error.ts";
import { freePort } from "../testing/mosquitto.ts";
import { findPortal } from "./find-portal.ts";
import { PortalWatch, suspicionOf } from "./portal-watch.ts";

async function web(answer: RequestListener) {
  const server = createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const signal = new AbortController().signal;
const HOST = "127.0.0.1";

async function terms(webPort?: number) {
  return { clock: new VirtualClock(), signal, webPort: webPort ?? (await freePort()) };
}

const portal: RequestListener = (_request, response) =>
  response.writeHead(302, { Location: "http://login.hotel.example/?from=tram" }).end();

describe("a portal", () => {
  it("that answers at the cloud's port and sends elsewhere is told with where", async () => {
    await using there = await web(portal);
    expect(await findPortal({ host: HOST, port: there.port }, "not-ours", await terms())).toBe(
      "a portal seems to ask to sign in at login.hotel.example",
    );
  });

  it("that says so (511) is believed", async () => {
    await using there = await web((_request, response) => response.writeHead(511).end("<html>"));
    expect(await findPortal({ host: HOST, port: there.port }, "not-ours", await terms())).toBe(
      "a portal asks to sign in",
    );
  });

  it("that took over the name is found at the web's port, and asked nothing that tells of the house", async () => {
    const asked: string[] = [];
    await using there = await web((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.host}`);
      portal(request, response);
    });
    const place = { host: HOST, port: await freePort() };
    expect(await findPortal(place, "someone-else", await terms(there.port))).toContain("login.hotel.example");
    expect(asked).toEqual([`GET / ${HOST}`]);
  });

  it("is not seen in a web server of the cloud's own name, nor where nobody serves pages", async () => {
    for (const answer of [
      (_request, response) => response.end("hello"),
      (_request, response) => response.writeHead(301, { Location: `https://${HOST}/` }).end(),
      (_request, response) => response.writeHead(302, { Location: "/sign-in" }).end(),
    ] satisfies RequestListener[]) {
      await using there = await web(answer);
      const place = { host: HOST, port: await freePort() };
      expect(await findPortal(place, "someone-else", await terms(there.port))).toBeUndefined();
    }
    const place = { host: HOST, port: await freePort() };
    expect(await findPortal(place, "not-ours", await terms())).toBeUndefined();
  });

  it("or a wrong port it may be, where a web server stands in the cloud's place", async () => {
    await using there = await web((_request, response) => response.end("hello"));
    const found = await findPortal({ host: HOST, port: there.port }, "not-ours", await terms());
    expect(found).toMatch(/^a web server answers there instead of the cloud: .*or the port is wrong$/);
  });

  it("that never ends its answer, or answers nonsense, is not waited for", async () => {
    for (const nonsense of [
      "",
      "x".repeat(100_000),
      "HTTP/1.1 3o2 \r\nLocation: http://bad/\r\n\r\n",
      "HTTP/9.9 511\r\n\r\n",
    ]) {
      const sockets: Socket[] = [];
      const server = createTcpServer((socket) => {
        sockets.push(socket);
        socket.on("error", () => socket.destroy());
        socket.write(nonsense);
      });
      server.listen(0, HOST);
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const options = await terms();
      const looking = findPortal({ host: HOST, port }, "not-ours", options);
      const [socket] = (await once(server, "connection")) as [Socket];
      await once(socket, "data");
      await options.clock.advance(5_000);
      expect(await looking).toBeUndefined();
      for (const socket of sockets) socket.destroy();
      server.close();
    }
  });
});

describe("a portal is looked for", () => {
  const fault = (code: string) =>
    new BridgeError("tls", "cloud:8883: no", { cause: Object.assign(new Error(), { code }) });

  it.each([
    [fault("ERR_SSL_WRONG_VERSION_NUMBER"), "not-ours"],
    [fault("EPROTO"), "not-ours"],
    [new BridgeError("tls", "AWS says no", { cause: fault("EPROTO") }), "not-ours"],
    [new BridgeError("protocol", "cloud:1883: nonsense"), "not-ours"],
    [fault("ERR_TLS_CERT_ALTNAME_INVALID"), "someone-else"],
    [fault("SELF_SIGNED_CERT_IN_CHAIN"), "someone-else"],
    [fault("DEPTH_ZERO_SELF_SIGNED_CERT"), "someone-else"],
    [fault("CERT_HAS_EXPIRED"), "someone-else"],
    [fault("ECONNREFUSED"), undefined],
    [new BridgeError("credentials", "cloud:1883: no"), undefined],
    [new Error("bug"), undefined],
  ])("after %s as %s", (error, suspicion) => {
    expect(suspicionOf(error)).toBe(suspicion);
  });

  it("once in five minutes; what was found holds until the failure is another, or the cloud is there", async () => {
    const clock = new VirtualClock();
    let looks = 0;
    const watch = new PortalWatch(async () => `portal ${++looks}`, clock);
    const place = { host: "cloud", port: 8883 };
    const [theirs, ours] = [fault("EPROTO"), fault("ECONNREFUSED")];
    const seen: (string | undefined)[] = [];
    const look = async (error: Error): Promise<void> =>
      void seen.push(await watch.look(place, error, signal));
    await look(theirs);
    await clock.advance(60_000);
    await look(theirs);
    await clock.advance(250_000);
    await look(theirs);
    await look(ours);
    watch.passed();
    await look(theirs);
    expect(seen).toEqual(["portal 1", "portal 1", "portal 2", undefined, "portal 3"]);
    expect(await watch.look(undefined, theirs, signal)).toBeUndefined();
  });
});
