import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RouterBox } from "@tram/testkit";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { argumentsOf, ScriptRouter, TRAM_USER } from "../../packages-openwrt/tram/testing/router.ts";
import { makePackages } from "../../scripts/package/make-packages.ts";
import { chromiumMissing, onPage, openBrowser } from "./browser.ts";
import { Forwarder } from "./forwarder.ts";
import { ADMIN } from "./http.ts";
import {
  describeDevice,
  messages,
  mosquittoMissing,
  PROBE,
  publish,
  startMosquitto,
  subscribe,
} from "./mosquitto.ts";
import { freePort, Process } from "./processes.ts";
import { routerMissing } from "./router-root.ts";

/** In the box everything takes five times as long, and the machine may be busy on top. In milliseconds. */
const PATIENCE_MS = 60_000;

interface Ports {
  readonly http: number;
  readonly mqtt: number;
  readonly peer: number;
  readonly uplink: number;
}

const uci = (ports: Ports): string => `config service 'service'
	option enabled '1'
	option heap_mb '64'

config gateway 'gateway'
	option id 'station'
	option clock 'trusted'

config storage 'storage'
	option data '/srv/tram'

config rules 'rules'
	option dir '/etc/tram/rules'

config mqtt 'mqtt'
	option host '127.0.0.1'
	option port '${ports.mqtt}'

config http 'http'
	option host '127.0.0.1'
	option port '${ports.http}'

config account 'probe'
	option password 'probe-password'
	option role 'service'

config cloud 'up'
	option provider 'mqtt'
	option url 'mqtt://127.0.0.1:${ports.uplink}'
`;

/** A router that has just got the package: its files are those of the archive, its scripts run under busybox. */
class InstalledRouter {
  readonly #router: ScriptRouter;
  readonly ports: Ports;

  constructor(folder: string, ipk: string, ports: Ports) {
    this.ports = ports;
    this.#router = new ScriptRouter(folder);
    this.#router.root.install(ipk);
    this.#router.root.write("etc/config/tram", uci(ports), 0o600);
    const defaults = this.#router.call("/etc/uci-defaults/80_tram");
    if (defaults.status !== 0) throw new Error(defaults.output);
  }

  /** What the init script asks procd to run, run so: as its user, in a root that is read-only but for three folders. */
  async start(box: RouterBox | undefined): Promise<Process> {
    const outcome = this.#router.call("/etc/init.d/tram start");
    expect(outcome.syslog).toEqual([]);
    const program = argumentsOf(outcome, "procd_set_param", "command") ?? [];
    const environment = outcome.calls
      .filter(([call, kind]) => /^procd_(?:set|append)_param$/.test(call ?? "") && kind === "env")
      .flatMap(([, , ...settings]) => settings)
      .map((setting) => setting.split("=", 2) as [string, string]);
    expect(Object.fromEntries(environment)).toEqual({ TRAM_RUNTIME: "/var/run/tram", TRAM_HEAP_MB: "64" });
    const [command, ...args] = this.#router.root.command(program, {
      user: TRAM_USER,
      writable: ["etc/tram", "var/run/tram", "srv/tram"],
      environment: Object.fromEntries(environment),
      ...(box === undefined ? {} : { before: box.enter }),
    });
    const gateway = new Process(command, args);
    await gateway.until("the gateway", ({ stdout }) => /Web UI/.exec(stdout) ?? undefined, PATIENCE_MS);
    return gateway;
  }
}

/** What a process takes now, in MB. */
function megabytes(process_: Process): { rss: number; pss: number; anonymous: number } {
  const text = readFileSync(`/proc/${process_.child.pid}/smaps_rollup`, "utf8");
  const field = (name: string): number =>
    Math.round(Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) / 1_024);
  return { rss: field("Rss"), pss: field("Pss"), anonymous: field("Anonymous") };
}

describe.skipIf(chromiumMissing() || mosquittoMissing() || routerMissing())(
  "from the package on a router to the first rule",
  () => {
    const place = mkdtempSync(join(tmpdir(), "tram-router-"));
    let browser: Browser;
    let ipk = "";

    beforeAll(async () => {
      const out = join(place, "packages");
      const { files } = await makePackages({ work: join(place, "work"), out });
      ipk = join(out, files.find((name) => /^tram_.*\.ipk$/.test(name)) ?? "missing");
      browser = await openBrowser();
    }, 120_000);

    afterAll(async () => {
      await browser?.close();
      rmSync(place, { recursive: true, force: true });
    });

    test("read-only root, own user, 64 MB of heap", () => journey(undefined), 240_000);

    const box = RouterBox.open();
    const noBox = typeof box === "string" ? box : undefined;
    if (typeof box !== "string") box[Symbol.dispose]();
    if (noBox !== undefined && process.env.CI === "true") throw new Error(noBox);
    test.skipIf(noBox !== undefined)(
      "the same with 160 MB of memory and a fifth of one core",
      async () => {
        const opened = RouterBox.open();
        if (typeof opened === "string") throw new Error(opened);
        using limits = opened;
        await journey(limits);
        console.log(
          `most memory of the box, page cache included: ${Math.round(limits.peakBytes() / 1_048_576)} MB`,
        );
      },
      480_000,
    );

    async function journey(limits: RouterBox | undefined): Promise<void> {
      const folder = mkdtempSync(join(place, "router-"));
      const [http, mqtt, peer, uplink] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
      const ports: Ports = { http: http ?? 0, mqtt: mqtt ?? 0, peer: peer ?? 0, uplink: uplink ?? 0 };
      await using _cloud = await startMosquitto(place, ports.peer);
      await using received = await subscribe(ports.peer, undefined, "tram/station/sensor/air/temperature");
      await using line = new Forwarder(ports.uplink, ports.peer);
      await line.open();
      const router = new InstalledRouter(folder, ipk, ports);
      let gateway = await router.start(limits);
      try {
        await describeDevice(ports.mqtt, PROBE, "sensor", {
          air: { temperature: { datatype: "float", unit: "°C" } },
        });
        await describeDevice(ports.mqtt, PROBE, "fan", {
          fan: { on: { datatype: "boolean", settable: true } },
        });
        const page = await signIn(browser, ports.http, gateway);
        await onPage(page, makeRule);
        await page.close();

        const sent: string[] = [];
        /** Crosses the threshold from below, and waits for what the actuator is told. */
        const fires = async (): Promise<void> => {
          await using actuator = await subscribe(ports.mqtt, PROBE, "homie/5/fan/fan/on/set");
          for (const celsius of ["20.5", "31.5"]) {
            const payload = (Number(celsius) + sent.length / 100).toFixed(2);
            await publish(ports.mqtt, PROBE, {
              topic: "homie/5/sensor/air/temperature",
              payload,
              retain: true,
            });
            sent.push(payload);
          }
          const fired = (): true | undefined => (messages(actuator).length > 0 ? true : undefined);
          await actuator.until("the command", fired, PATIENCE_MS);
          expect(messages(actuator)).toEqual([{ topic: "homie/5/fan/fan/on/set", payload: "true" }]);
          // Confirmed, and off again: the next crossing is a new one.
          for (const payload of ["true", "false"]) {
            await publish(ports.mqtt, PROBE, { topic: "homie/5/fan/fan/on", payload, retain: true });
          }
        };
        await fires();
        await line.close();
        await fires();
        console.log(`${limits === undefined ? "free" : "in the box"}:`, megabytes(gateway), "MB");
        await gateway.end("SIGKILL");
        gateway = await router.start(limits);
        await fires();
        await line.open();
        const values = (): number[] =>
          messages(received).map(({ payload }) => (JSON.parse(payload) as { value: number }).value);
        await received.until(
          "every reading at the peer",
          () => (sent.every((payload) => values().includes(Number(payload))) ? true : undefined),
          PATIENCE_MS,
        );
        // Each in its order; one that was under way at the kill may come twice.
        expect([...new Set(values())]).toEqual(sent.map(Number));
        expect(gateway.stderr).not.toMatch(/"level":50/);
      } finally {
        await gateway[Symbol.asyncDispose]();
      }
    }
  },
);

async function signIn(browser: Browser, port: number, gateway: Process): Promise<Page> {
  const code = /Set-up code\s+(\S+)/.exec(gateway.stdout)?.[1] ?? "";
  const page = await (await browser.newContext({ locale: "en-GB" })).newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`http://127.0.0.1:${port}/`);
  await page.getByLabel("Setup code").fill(code);
  await page.getByLabel("User name").fill(ADMIN.username);
  await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
  await page.getByRole("button", { name: "Create administrator" }).click();
  await page.getByRole("heading", { name: "sensor" }).waitFor();
  return page;
}

async function makeRule(page: Page): Promise<void> {
  await page.getByRole("link", { name: "Rules" }).click();
  await page.getByRole("link", { name: "New rule" }).click();
  await page.getByLabel("Title", { exact: true }).fill("Fan when hot");
  await page.getByRole("button", { name: "Add: A number crosses a limit" }).click();
  await choose(page, /sensor · temperature/);
  await page.getByLabel("Above (°C)").fill("30");
  await page.getByRole("button", { name: "Add: Set a value" }).click();
  await choose(page, /fan · on/);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Rule Fan when hot" }).waitFor();
}

/** In a part that was just added the field for a property has the focus. */
async function choose(page: Page, property: RegExp): Promise<void> {
  await page.locator("[role=combobox]:focus").press("ArrowDown");
  await page.getByRole("option", { name: property }).click();
}
