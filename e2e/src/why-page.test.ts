import { describe, expect, test } from "vitest";
import { expectAccessible } from "./accessible.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { describeDevice, mosquittoMissing, PROBE, publish } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder } from "./processes.ts";
import { enter } from "./rule-page.ts";

const RULES = `
- id: cool
  title: Cool the greenhouse
  triggers:
    - { id: hot, numeric: { property: sensor/air/temperature, above: 30 } }
    - { id: noon, time: "12:00" }
  conditions:
    - { state: { property: sensor/air/door, is: false } }
  actions:
    - { set: fan/fan/on, value: true }
    - { delay: 10m }
`;

describe.skipIf(mosquittoMissing() || chromiumMissing())("the page of the rules", () => {
  test("shows runs with what they did, and why a rule does not run, in both languages", async () => {
    using folder = temporaryFolder("why-page");
    const { config } = house(folder.path, { rules: RULES });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const report = (property: string, payload: string): Promise<void> =>
      publish(gateway.mqttPort, PROBE, { topic: `homie/5/sensor/air/${property}`, payload, retain: true });
    await describeDevice(gateway.mqttPort, PROBE, "sensor", {
      air: { temperature: { datatype: "float" }, door: { datatype: "boolean" } },
    });
    await describeDevice(gateway.mqttPort, PROBE, "fan", {
      fan: { on: { datatype: "boolean", settable: true } },
    });
    await report("door", "true");
    for (const value of ["20", "21", "31"]) await report("temperature", value);

    const browser = await openBrowser();
    await using _browser = { [Symbol.asyncDispose]: () => browser.close() };
    const page = await enter(browser, gateway);
    await page.goto(new URL("/rules", gateway.web).href);
    const why = page.getByRole("button", { name: "Why not? Cool the greenhouse" });
    await why.click();
    const panel = page.getByRole("region", { name: "Why not?" });
    await panel.getByText(/hot fired \(saw 31\), but a condition did not hold/).waitFor();
    expect(await panel.getByText("True already").count()).toBe(1);
    expect(await panel.getByText("Planned").count()).toBe(1);
    expect(await panel.getByText("✗").count()).toBe(1);
    await expectAccessible(page, "why not");

    await report("door", "false");
    await report("temperature", "20");
    await report("temperature", "33");
    await page.getByText(/run in flight/).waitFor();
    await panel.getByRole("button", { name: "Ask again" }).click();
    await panel.getByText(/A run is under way since/).waitFor();
    await page.getByRole("button", { name: "History of Cool the greenhouse" }).click();
    const run = page.getByRole("list", { name: "Run" });
    await run.first().waitFor();
    expect(await run.count()).toBe(1);
    expect(await run.getByRole("listitem").count()).toBe(2);
    expect(await page.getByText("Did not fire").count()).toBeGreaterThan(0);
    await expectAccessible(page, "history");
    const file = process.env.TRAM_SCREENSHOT;
    if (file !== undefined) await page.screenshot({ path: `${file}-en.png`, fullPage: true });

    const storageState = await page.context().storageState();
    const other = await (await browser.newContext({ locale: "vi-VN", storageState })).newPage();
    await other.goto(new URL("/rules", gateway.web).href);
    await other.getByRole("button", { name: "Vì sao không chạy? Cool the greenhouse" }).click();
    await other.getByText("Các điều kiện lúc này").waitFor();
    await expectAccessible(other, "in Vietnamese");
    if (file !== undefined) await other.screenshot({ path: `${file}-vi.png`, fullPage: true });
  });
});
