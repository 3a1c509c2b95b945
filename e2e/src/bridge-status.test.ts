import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BridgeView } from "@tram/protocol";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible } from "./accessible.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { describeDevice, mosquittoMissing, PROBE, publish, startMosquitto } from "./mosquitto.ts";
import {
  freePort,
  type GatewayHandle,
  house,
  listening,
  Process,
  startGateway,
  temporaryFolder,
  tram,
} from "./processes.ts";
import { enter } from "./rule-page.ts";

/** Asks the CLI until the bridge is as wanted, as a person would. */
async function until(data: string, wanted: (bridge: BridgeView) => boolean): Promise<BridgeView> {
  const end = performance.now() + 60_000;
  let last: BridgeView | undefined;
  while (performance.now() < end) {
    const { stdout, stderr } = await tram(["bridge", "status", "up", "--json"], { TRAM_DATA: data });
    [last] = (JSON.parse(stdout || "{}") as { bridges?: BridgeView[] }).bridges ?? [];
    if (last === undefined) throw new Error(`no bridge: ${stdout} ${stderr}`);
    if (wanted(last)) return last;
  }
  throw new Error(`the bridge stayed ${JSON.stringify(last)}`);
}

async function report(gateway: GatewayHandle, count: number): Promise<void> {
  for (let value = 0; value < count; value++) {
    await publish(gateway.mqttPort, PROBE, {
      topic: "homie/5/north/air/temperature",
      payload: `${20 + value}`,
      retain: true,
    });
  }
}

/** A mosquitto that takes small packets only: what is larger is parked. */
async function pickyMosquitto(folder: string, port: number): Promise<Process> {
  const config = join(folder, "picky.conf");
  writeFileSync(config, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_packet_size 800\n`);
  const broker = new Process("mosquitto", ["-c", config]);
  await listening(port);
  return broker;
}

const AIR = { air: { temperature: { datatype: "float", unit: "°C" }, note: { datatype: "string" } } };

describe.skipIf(mosquittoMissing())("the state of the bridge", () => {
  test("`tram bridge status` over an outage of the cloud, for people and for programs", async () => {
    using folder = temporaryFolder("bridge-status");
    const port = await freePort();
    const extra = `cloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:${port}", monthly_mb: 100 }]`;
    const { config, data } = house(folder.path, { extra });
    const environment = { TRAM_DATA: data };
    const peer = await startMosquitto(folder.path, port);
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await describeDevice(gateway.mqttPort, PROBE, "north", AIR);
    await report(gateway, 3);
    const before = await until(
      data,
      ({ queued, sent, state }) => state === "online" && queued === 0 && sent >= 3,
    );
    expect(before).not.toHaveProperty("lastError");
    expect(before.traffic.today).toBeGreaterThan(3 * 150);
    expect(before.traffic.budget).toMatchObject({
      limit: 100_000_000,
      level: "ok",
      used: before.traffic.month,
    });
    const healthy = (await tram(["bridge", "status"], environment)).stdout;
    expect(healthy).toMatch(/^up \(mqtt\) {2}online for /);
    expect(healthy).toMatch(/^ {2}queued +0$/m);
    expect(healthy).toMatch(/^ {2}bytes +\S+ k?B today, \S+ k?B this month \(0 % of 100\.0 MB\)$/m);

    await peer.end("SIGKILL");
    await report(gateway, 10);
    const away = await until(
      data,
      ({ lastErrorCode, queued }) => lastErrorCode === "unreachable" && queued >= 10,
    );
    expect(away).toMatchObject({ state: "offline", queuedByClass: { telemetry: away.queued } });
    expect(Date.parse(away.oldest ?? "")).toBeGreaterThan(Date.parse(away.since) - 60_000);
    const sick = (await tram(["bridge", "status", "up"], environment)).stdout;
    expect(sick).toMatch(/^up \(mqtt\) {2}offline for /);
    expect(sick).toMatch(/^ {2}error +127\.0\.0\.1:\d+: nothing listens there \(ECONNREFUSED\)$/m);
    expect(sick).toMatch(/^ {2}queued +1\d \(telemetry 1\d\), oldest .+ ago$/m);
    expect(sick).toMatch(/^ {2}next +tries again in /m);

    await using _peer = await startMosquitto(folder.path, port);
    const after = await until(data, ({ queued, state }) => state === "online" && queued === 0);
    expect(after.sent).toBeGreaterThanOrEqual(before.sent + 10);
    expect(after.traffic.today).toBeGreaterThan(before.traffic.today + 10 * 150);
    expect(after).not.toHaveProperty("lastError");
    const wrong = await tram(["bridge", "status", "down"], environment);
    expect(wrong).toMatchObject({ code: 1, stderr: "tram: There is no bridge down.\n" });
  });

  test("what the cloud will never take is shown, sent again and discarded, and that is audited", async () => {
    using folder = temporaryFolder("bridge-parked");
    const port = await freePort();
    await using _peer = await pickyMosquitto(folder.path, port);
    const extra = `cloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:${port}", protocol_version: 5 }]`;
    const { config, data } = house(folder.path, { extra });
    const environment = { TRAM_DATA: data };
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await describeDevice(gateway.mqttPort, PROBE, "north", AIR);
    for (const letter of ["x", "y"]) {
      const payload = letter.repeat(900);
      await publish(gateway.mqttPort, PROBE, { topic: "homie/5/north/air/note", payload, retain: true });
    }
    await until(data, ({ parked, queued }) => parked === 2 && queued === 0);
    const listed = await tram(["bridge", "parked", "--json"], environment);
    const { parked } = JSON.parse(listed.stdout) as {
      parked: { seq: number; reason: string; message: object }[];
    };
    expect(parked).toMatchObject([
      {
        bridge: "up",
        reason: expect.stringMatching(/^it has \d+ bytes, and the broker takes 800$/),
        message: { thing: "north", name: "air/note", value: "x".repeat(900) },
      },
      { message: { value: "y".repeat(900) } },
    ]);
    expect((await tram(["bridge", "parked", "up"], environment)).stdout).toMatch(
      /^up +\d+ +.+ telemetry +north +air\/note +"xxx.*… +it has \d+ bytes/m,
    );
    const [first, second] = parked;
    expect((await tram(["bridge", "retry", "up"], environment)).code).toBe(2);
    expect(await tram(["bridge", "discard", "up", "9999"], environment)).toMatchObject({
      code: 1,
      stdout: "0 messages given up\n",
    });
    expect((await tram(["bridge", "discard", "up", String(first?.seq)], environment)).stdout).toBe(
      "1 message given up\n",
    );
    expect((await tram(["bridge", "retry", "up", "--all"], environment)).stdout).toBe(
      "1 message queued anew\n",
    );
    // It is as large as before.
    const again = await until(data, (view) => view.parked === 1 && view.queued === 0);
    expect(again.dropped).toBe(0);
    const after = JSON.parse(
      (await tram(["bridge", "parked", "up", "--json"], environment)).stdout,
    ) as typeof listed & { parked: { seq: number }[] };
    expect(after.parked[0]?.seq).toBeGreaterThan(second?.seq ?? 0);
    const audit = (await tram(["audit", "--action", "parked-discarded"], environment)).stdout;
    expect(audit).toContain("up");
    expect((await tram(["audit", "--action", "parked-resent"], environment)).stdout).toContain("up");
  });

  describe.skipIf(chromiumMissing())("in Chromium", () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await openBrowser();
    });
    afterAll(() => browser.close());

    test("the page of the bridges tells it, an administrator deals with what was set aside, in both languages and on a phone", async () => {
      using folder = temporaryFolder("bridge-page");
      const port = await freePort();
      const peer = await pickyMosquitto(folder.path, port);
      const extra = `cloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:${port}", protocol_version: 5, monthly_mb: 1 }]`;
      const { config, data } = house(folder.path, { extra });
      const gateway = await startGateway(config);
      await using _process = gateway.process;
      await describeDevice(gateway.mqttPort, PROBE, "north", AIR);
      for (const letter of ["x", "y"]) {
        const payload = letter.repeat(900);
        await publish(gateway.mqttPort, PROBE, { topic: "homie/5/north/air/note", payload, retain: true });
      }
      await until(data, ({ parked }) => parked === 2);
      const page = await enter(browser, gateway);
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      await page.getByRole("link", { name: /^Cloud bridge: / }).click();
      await page.getByRole("heading", { name: "up mqtt" }).waitFor();
      await page.getByRole("button", { name: "Show 2 messages" }).click();
      await page.getByText("and the broker takes 800").first().waitFor();
      page.once("dialog", (dialog) => void dialog.accept());
      await page.getByRole("button", { name: "Discard north/air/note" }).first().click();
      await page.getByText("1 message discarded").waitFor({ state: "attached" });
      await until(data, ({ parked }) => parked === 1);
      await page.getByRole("button", { name: "Send all again" }).click();
      await page.getByText("1 message queued again").waitFor({ state: "attached" });

      await peer.end("SIGKILL");
      await page.getByText("Nobody answers at the cloud's address.").waitFor({ timeout: 30_000 });
      await publish(gateway.mqttPort, PROBE, {
        topic: "homie/5/north/air/temperature",
        payload: "21",
        retain: true,
      });
      await page.getByText(/^Readings \d+$/).waitFor();
      expect(complaints).toEqual([]);
      const storageState = await page.context().storageState();
      await page.context().close();
      const viewport = { width: 360, height: 740 };
      for (const [locale, colorScheme, text] of [
        ["en-GB", "light", "Nobody answers at the cloud's address."],
        ["vi-VN", "dark", "Không có ai trả lời tại địa chỉ của đám mây."],
      ] as const) {
        const context = await browser.newContext({ locale, colorScheme, viewport, storageState });
        const phone = await context.newPage();
        await phone.goto(new URL("system/cloud", gateway.web).href);
        await phone.getByText(text).waitFor();
        await phone.locator(".bridge-parked button").first().click();
        await phone.locator(".bridge-parked table").waitFor();
        await expectAccessible(phone, `${locale} ${colorScheme} cloud`);
        expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
        await context.close();
      }
    }, 240_000);
  });
});
