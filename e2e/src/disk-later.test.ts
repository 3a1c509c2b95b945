import { readFileSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { AxeBuilder } from "@axe-core/playwright";
import { describe, expect, test, vi } from "vitest";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { breakableDisk, Device, describeHouse, late, logged, report, SET_FAN, status } from "./disk-house.ts";
import { setUp } from "./http.ts";
import { messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { house, Process, startGateway, temporaryFolder, tram } from "./processes.ts";

// Each of them starts several gateways and waits for back-offs.
vi.setConfig({ testTimeout: 180_000 });

describe.skipIf(mosquittoMissing() || process.platform !== "linux")(
  "a disk that turns read-only while the gateway runs",
  () => {
    test("a run that ends meanwhile does not come back with a restart", async () => {
      using folder = temporaryFolder("disk");
      const disk = breakableDisk(folder.path);
      const { config, data } = house(folder.path, { rules: late(3_000) });
      const gateway = await startGateway(config, disk.environment);
      await using _process = gateway.process;
      const port = gateway.mqttPort;
      await describeHouse(port);
      await using actuator = await subscribe(port, PROBE, SET_FAN);
      await report(port, "20", 1);
      await report(port, "31", 1); // Kept: the run is under way on the disk too.

      disk.breakWith(constants.errno.EROFS);
      await using device = await Device.connect(port);
      device.report("20");
      await device.hears("20");
      const { code, text, report: shown } = await status(data);
      expect([code, shown.gateway.storeCode]).toEqual([1, "read-only"]);
      expect(text).toMatch(/store +keeps nothing \(read-only\)/);
      await actuator.until("the action", () => (messages(actuator).length > 0 ? true : undefined));
      await publish(port, PROBE, { topic: "homie/5/fan/fan/on", payload: "true", qos: 0, retain: true }); // Confirmed.
      expect(device.acknowledged).toEqual([]);

      disk.heal();
      await logged(gateway, '"the store keeps again"');
      await gateway.process.end("SIGKILL");
      const again = await startGateway(config);
      await using _again = again.process;
      const rules = JSON.parse((await tram(["rules", "list", "--json"], { TRAM_DATA: data })).stdout);
      expect(rules.rules).toMatchObject([{ id: "late", running: 0 }]);
      // A run that the disk still held would be over by now: it is long due, and carried out at the start.
      const traces = JSON.parse(
        (await tram(["rules", "trace", "late", "--json"], { TRAM_DATA: data })).stdout,
      );
      // That a trigger was looked at is no run.
      expect(traces.traces.filter(({ outcome }: { outcome: string }) => outcome !== "rejected")).toEqual([]);
      expect((await status(data)).code).toBe(0);
    });
  },
);

test("a clock that nothing has set is told, with what it means and what to do", async () => {
  using folder = temporaryFolder("disk");
  const { config, data } = house(folder.path);
  writeFileSync(config, readFileSync(config, "utf8").replace("clock: trusted", "clock: auto"));
  const script = new URL("../fixtures/no-clock.js", import.meta.url).pathname;
  await using gateway = new Process(process.execPath, [script, config]);
  await gateway.until("the gateway", ({ stdout }) => (stdout.includes("up") ? true : undefined));
  const { code, text, report: shown } = await status(data);
  expect(code).toBe(1);
  expect(text).toMatch(/clock +not set since power-on: times may be wrong, rules at a time of day wait/);
  expect(text).toMatch(
    /problem +gateway\.clock: nothing has set the clock .* What to do: give the machine a time server/,
  );
  expect(shown.gateway).toMatchObject({ clock: "untrusted", store: "ok" });
});

describe.skipIf(mosquittoMissing() || chromiumMissing() || process.platform !== "linux")("the web UI", () => {
  test("shows at once that nothing is kept, in the person's language, and that it is over", async () => {
    using folder = temporaryFolder("disk");
    const disk = breakableDisk(folder.path);
    const { config } = house(folder.path);
    // Else a reading waits in the journal, and the disk is asked at the end of the sync window alone.
    writeFileSync(config, readFileSync(config, "utf8").replace("mqtt:", "mqtt:\n  durability: strict"));
    const gateway = await startGateway(config, disk.environment);
    await using _process = gateway.process;
    await describeHouse(gateway.mqttPort);
    const { headers } = await setUp(gateway);
    const [name = "", value = ""] = (headers.cookie ?? "").split("=");
    const browser = await openBrowser();
    try {
      for (const [locale, told, quiet] of [
        ["en-GB", "The disk is full: nothing new is kept", "The gateway reports no problems."],
        ["vi-VN", "Ổ lưu trữ đã đầy: dữ liệu mới không được lưu", "Gateway không báo vấn đề nào."],
      ] as const) {
        const context = await browser.newContext({ locale });
        await context.addCookies([{ name, value, url: gateway.web }]);
        const page = await context.newPage();
        await page.goto(new URL("/system", gateway.web).href);
        await page.getByText(quiet).waitFor();
        disk.breakWith(constants.errno.ENOSPC);
        await report(gateway.mqttPort, String(20 + Math.random()));
        await page.getByText(told).waitFor();
        const axe = await new AxeBuilder({ page }).analyze();
        expect(axe.violations.map(({ id }) => id)).toEqual([]);
        disk.heal();
        await report(gateway.mqttPort, String(20 + Math.random()), 1);
        await page.getByText(quiet).waitFor();
        await context.close();
      }
    } finally {
      await browser.close();
    }
  });
});
