import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible } from "./accessible.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { describeDevice, PROBE, publish } from "./mosquitto.ts";
import { type GatewayHandle, house, startGateway, temporaryFolder, tram } from "./processes.ts";

const EXTRA = `modules: [{ id: greenhouse, use: sim, config: { seed: 1 } }]
cloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:9" }]`;
const RULES = `
- id: greet
  title: Greet the fan
  triggers: [{ id: on, state: { property: greenhouse-fan/fan/on, to: true } }]
  actions: [{ notify: "The fan is on." }]
`;
const ADMIN = { username: "minh", password: "mot mat khau dai" };

async function setUp(page: Page, gateway: GatewayHandle): Promise<void> {
  await page.goto(gateway.web);
  await page.getByLabel("Setup code").fill(gateway.setupCode ?? "");
  await page.getByLabel("User name").fill(ADMIN.username);
  await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
  await page.getByRole("button", { name: "Create administrator" }).click();
  await page.getByRole("heading", { name: "Greenhouse fan" }).waitFor();
}

describe.skipIf(chromiumMissing())("the web UI in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
  });

  test("set-up, live Things, a working switch, the rule's trace and the bridge's state", async () => {
    using folder = temporaryFolder("web");
    const { config, data } = house(folder.path, { rules: RULES, extra: EXTRA });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const page = await browser.newPage({ locale: "en-GB" });
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text());
    });
    await setUp(page, gateway);

    const fan = page.getByRole("switch").first();
    expect(await fan.getAttribute("aria-checked")).toBe("false");
    await fan.click();
    await page.locator('[role="switch"][aria-checked="true"]').first().waitFor();
    expect((await tram(["get", "greenhouse-fan", "on"], { TRAM_DATA: data })).stdout).toBe("true\n");
    await page.getByText("The fan is on.").first().waitFor();

    // A device that describes itself over MQTT appears by itself, and its values move.
    await describeDevice(gateway.mqttPort, PROBE, "sensor", {
      air: { temperature: { datatype: "float", unit: "°C" } },
    });
    await page.getByRole("heading", { name: "sensor" }).waitFor();
    await publish(gateway.mqttPort, PROBE, {
      topic: "homie/5/sensor/air/temperature",
      payload: "21.5",
      retain: true,
    });
    await page.getByText("21.5").first().waitFor();

    await page.getByRole("link", { name: "Rules" }).click();
    await page.getByRole("heading", { name: "Greet the fan" }).waitFor();
    await page.getByText("Finished").first().waitFor();

    await page.getByRole("link", { name: /^System/ }).click();
    await page.getByRole("rowheader", { name: "greenhouse" }).waitFor();
    await page.getByText("Offline").first().waitFor();
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("a restart of the gateway is told and survived without signing in again; without a session there is only the door", async () => {
    using folder = temporaryFolder("web");
    const { config } = house(folder.path, { extra: EXTRA });
    const first = await startGateway(config);
    const page = await browser.newPage({ locale: "en-GB" });
    await setUp(page, first);
    const port = String(first.httpPort);
    await first.process.end("SIGKILL");
    await page.getByText("Connection lost").waitFor();
    const second = await startGateway(config, { TRAM_HTTP_PORT: port });
    await using _process = second.process;
    await page.getByText("Connection lost").waitFor({ state: "hidden" });
    await page.getByRole("heading", { name: "Greenhouse fan" }).waitFor();

    const stranger = await (await browser.newContext({ locale: "en-GB" })).newPage();
    await stranger.goto(second.web);
    await stranger.getByRole("button", { name: "Sign in" }).waitFor();
    await stranger.getByLabel("User name").fill(ADMIN.username);
    await stranger.getByLabel("Password", { exact: true }).fill("not the password");
    await stranger.getByRole("button", { name: "Sign in" }).click();
    await stranger.getByText("The user name or the password is wrong.").waitFor();
    await stranger.close();
    await page.close();
  });

  test("no accessibility violation on any page, in both languages and both themes", async () => {
    using folder = temporaryFolder("web");
    const { config } = house(folder.path, { rules: RULES, extra: EXTRA });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const page = await browser.newPage({ locale: "en-GB" });
    await setUp(page, gateway);
    const session = await page.context().cookies();
    await page.close();
    for (const locale of ["en-GB", "vi-VN"]) {
      for (const colorScheme of ["light", "dark"] as const) {
        const context = await browser.newContext({ locale, colorScheme });
        const door = await context.newPage();
        await door.goto(gateway.web);
        await door.locator("form").waitFor();
        await expectAccessible(door, `${locale} ${colorScheme} sign-in`);
        await context.addCookies(session);
        for (const path of ["", "rules", "rules/new", "rules/greet", "rules/file/rules.yaml", "system"]) {
          await door.goto(new URL(path, gateway.web).href);
          await door.locator("main :is(h2, h3, table, textarea):visible").first().waitFor();
          await expectAccessible(door, `${locale} ${colorScheme} /${path}`);
          expect(await door.locator("html").getAttribute("lang")).toBe(locale.slice(0, 2));
        }
        await context.close();
      }
    }
  }, 300_000);
});
