import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible } from "./accessible.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";
import { enter, focused } from "./rule-page.ts";

const TOPICS = {
  "farm/room1/temp": "31.5",
  "farm/room1/do_am": "62",
  "farm/room2/temp": "29",
  "home/kitchen/data": '{"DHT22":{"Temperature":27.4,"Humidity":71},"pin":88}',
  "yard/bom": "OFF",
  "yard/bom/set": "OFF",
  "box/raw": "one",
};
const CONFIGURED = `    - { id: tank, title: Water tank, properties: { tank/level: { read: { topic: farm/tank } } } }`;

describe.skipIf(chromiumMissing() || mosquittoMissing())("the page of plain topics", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  test("a suggestion is made a Thing with one press; a topic is mapped by the form, changed and deleted", async () => {
    using folder = temporaryFolder("topics");
    const { config, data } = house(folder.path, { accounts: `  mappings:\n${CONFIGURED}` });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const environment = { TRAM_DATA: data };
    for (const [topic, payload] of Object.entries(TOPICS))
      await publish(gateway.mqttPort, PROBE, { topic, payload });
    const page = await enter(browser, gateway);
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.getByRole("link", { name: "Plain topics" }).click();
    await page.getByRole("heading", { name: "Water tank" }).waitFor();
    expect(await page.getByRole("button", { name: "Edit Water tank" }).count()).toBe(0);

    await page.getByRole("button", { name: "Make 2 Things: Farm {id}" }).click();
    await page.getByRole("button", { name: "Edit Farm {id}" }).waitFor();
    expect(await focused(page)).toBe("Plain topics");
    expect((await tram(["get", "farm-room2", "temperature"], environment)).stdout).toBe("29 °C\n");

    // The form: a key that is none is told at its field, which has the focus then.
    await page.getByRole("button", { name: "Map box/raw", exact: true }).click();
    await expect.poll(() => focused(page)).toBe("New mapping");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Not saved: mend 2 problems first.").waitFor();
    await page.getByLabel("Id of the Thing").fill("box");
    await page.getByLabel("Name", { exact: true }).fill("Box");
    await page.getByLabel("Key").fill("Raw");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Two words of a-z, 0-9 and - with / between.", { exact: true }).waitFor();
    await page.getByLabel("Key").fill("box/mode");
    await page.getByLabel("Topic for commands").fill("homie/5/lock/lock/locked/set");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("expected a plain topic: homie/… means something of its own").waitFor();
    await page.getByLabel("Topic for commands").fill("box/do");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Edit Box" }).waitFor();
    await using box = await subscribe(gateway.mqttPort, PROBE, "box/do");
    expect((await tram(["set", "box", "mode", "two"], environment)).code).toBe(0);
    await box.until("the command", () => messages(box).find(({ payload }) => payload === "two"));

    await page.getByRole("button", { name: "Edit Box" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Big box");
    // Leaving unsaved changes asks.
    page.once("dialog", (dialog) => void dialog.dismiss());
    await page.getByRole("link", { name: "Rules" }).click();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Edit Big box" }).waitFor();
    page.once("dialog", (dialog) => void dialog.accept());
    await page.getByRole("button", { name: "Delete Big box" }).click();
    await page.getByRole("button", { name: "Edit Big box" }).waitFor({ state: "hidden" });
    expect((await tram(["things", "box"], environment)).code).toBe(1);
    expect(complaints).toEqual([]);
    await page.context().close();
  }, 120_000);

  test("it is accessible and no wider than a phone, in both languages and themes", async () => {
    using folder = temporaryFolder("topics");
    const { config } = house(folder.path, { accounts: `  mappings:\n${CONFIGURED}` });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    for (const [topic, payload] of Object.entries(TOPICS))
      await publish(gateway.mqttPort, PROBE, { topic, payload });
    const page = await enter(browser, gateway);
    const storageState = await page.context().storageState();
    await page.context().close();
    const viewport = { width: 360, height: 740 };
    for (const [locale, colorScheme] of [
      ["en-GB", "light"],
      ["vi-VN", "dark"],
    ] as const) {
      const context = await browser.newContext({ locale, colorScheme, viewport, storageState });
      const phone = await context.newPage();
      await phone.goto(new URL("topics", gateway.web).href);
      await phone.locator("table").waitFor();
      await expectAccessible(phone, `${locale} ${colorScheme} topics`);
      expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
      await phone.locator(".mapping-list .button:not(.primary)").nth(2).click();
      await phone.locator("form").waitFor();
      await phone.locator("form input").nth(2).fill("x");
      await phone.locator("form [type=submit]").click();
      await phone.locator('[aria-invalid="true"]').first().waitFor();
      await expectAccessible(phone, `${locale} ${colorScheme} form`);
      expect(await phone.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
      await context.close();
    }
  }, 300_000);
});
