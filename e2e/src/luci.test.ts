import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { expectAccessible, luciHouse, SESSION } from "./luci.ts";
import { describeDevice, PROBE } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

const EXTRA = `modules: [{ id: greenhouse, use: sim, config: { seed: 1 } }]
cloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:9" }]`;
const RULES = `# The house's rules.
- id: greet
  title: Greet the fan
  triggers: [{ id: on, state: { property: greenhouse-fan/fan/on, to: true } }]
  actions: [{ notify: "The fan is on." }]
`;
const HOSTILE = '<img src=x onerror="window.hostile=1">';

describe.skipIf(chromiumMissing())("LuCI's pages in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
  });

  test("all views, in both languages: no complaint, every text translated, no accessibility violation", async () => {
    using folder = temporaryFolder("luci");
    const { config, data } = house(folder.path, { rules: RULES, extra: EXTRA });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await using luci = await luciHouse(browser, { folder: folder.path, data });
    for (const language of ["en", "vi"] as const) {
      for (const view of ["overview", "things", "rules", "settings"]) {
        const { page, complaints } = await luci.open(view, { language });
        await expectAccessible(page, `${view} ${language}`);
        const missing = await page.evaluate(() => [
          ...(window as unknown as { standIn: { missing: Set<string> } }).standIn.missing,
        ]);
        if (language === "vi") expect(missing, view).toEqual([]);
        expect(complaints, `${view} ${language}`).toEqual([]);
        if (process.env.LUCI_SHOTS) {
          await page.setViewportSize({ width: 1000, height: 800 });
          await page.screenshot({ path: `${process.env.LUCI_SHOTS}/${view}-${language}.png`, fullPage: true });
        }
      }
    }
  });
});
