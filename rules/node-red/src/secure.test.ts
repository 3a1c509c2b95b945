import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocketServer } from "ws";
import { Gateway, readSettings } from "./gateway.ts";
import type { LinkState } from "./live-link.ts";
import { ManualTimers } from "./testing/manual-timers.ts";
import { until } from "./testing/until.ts";

let folder: string;
let server: Server;
let asked = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tram-palette-tls-"));
  for (const name of ["one", "other"]) {
    const made = spawnSync("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
      ...["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1"],
      ...["-keyout", join(folder, `${name}.key`), "-out", join(folder, `${name}.crt`)],
    ]);
    if (made.status !== 0) throw new Error(String(made.stderr));
  }
  const read = (name: string): string => readFileSync(join(folder, name), "utf8");
  server = createServer({ key: read("one.key"), cert: read("one.crt") }, (_request, response) => {
    asked++;
    response.writeHead(200, { "content-type": "application/json" }).end('{"ok":true}');
  });
  new WebSocketServer({ server }).on("connection", (socket) => {
    asked++;
    const gateway = { id: "house", clock: "synced", problems: [] };
    socket.send(JSON.stringify({ type: "snapshot", seq: 0, gateway, things: [] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => {
  server?.closeAllConnections();
  server?.close();
  rmSync(folder, { recursive: true, force: true });
});

function gateway(ca: string, host = "127.0.0.1") {
  const address = `https://${host}:${(server.address() as AddressInfo).port}`;
  const read = readSettings({ address, token: "t".repeat(43), ca });
  if (!read.ok) throw new Error(read.problem);
  const edges: LinkState[] = [];
  const timers = new ManualTimers();
  const opened = new Gateway({
    ...read.settings,
    timers,
    onEdge: (edge) => edges.push(edge),
    onOdd: () => undefined,
  });
  opened.open();
  return { opened, edges };
}
const pem = (name: string): string => readFileSync(join(folder, `${name}.crt`), "utf8");

test("the authority that is named vouches for the gateway, on both ways", async () => {
  const { edges, opened } = gateway(pem("one"));
  await until(() => edges.length === 1);
  expect(edges[0]).toEqual({ state: "online" });
  expect(await opened.api.call("GET", "/")).toMatchObject({ ok: true, body: { ok: true } });
  opened[Symbol.dispose]();
});

test.each([
  ["another authority", "other", "127.0.0.1"],
  ["no authority of ours", "", "127.0.0.1"],
  ["another name", "one", "localhost"],
])("%s does not: the token goes nowhere", async (_what, ca, host) => {
  const before = asked;
  const { edges, opened } = gateway(ca === "" ? "" : pem(ca), host);
  await until(() => edges.length === 1);
  expect(edges[0]).toMatchObject({
    state: "offline",
    code: expect.stringMatching(/CERT|ALTNAME|UNABLE|SELF/),
  });
  expect(await opened.api.call("GET", "/")).toMatchObject({ ok: false });
  expect(asked).toBe(before);
  opened[Symbol.dispose]();
});
