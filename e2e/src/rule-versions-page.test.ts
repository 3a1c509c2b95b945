import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible } from "./accessible.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { house, startGateway, temporaryFolder } from "./processes.ts";
import { enter, openRule } from "./rule-page.ts";

const RULES = `# Rules of the house

- id: evening   # by Lan
  title: Evening light
  triggers: [{ time: "19:00" }]
  actions:
    - notify: Good evening   # everybody
- id: other
  triggers: [{ time: "06:00" }]
  actions: [{ notify: x }]
`;

describe.skipIf(chromiumMissing())("the past of a rule in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  test("versions with their authors and diffs; rolling back by the keyboard brings text, form and file back", async () => {
    using folder = temporaryFolder("past");
    const { config, rulesDir } = house(folder.path, { rules: RULES });
    const file = join(rulesDir, "rules.yaml");
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const page = await enter(browser, gateway);
    await openRule(page, gateway, "/rules/evening");
    const past = page.getByRole("region", { name: "Versions" });
    await expect.poll(() => past.getByRole("listitem").count()).toBe(1);
    await page.getByLabel("Title", { exact: true }).fill("Evening lamp");
    await page.getByRole("button", { name: "Save" }).click();
    await expect.poll(() => past.getByRole("listitem").count()).toBe(2);
    // A change on the disk is told without anybody asking.
    writeFileSync(file, readFileSync(file, "utf8").replace("19:00", "20:15"));
    await expect.poll(() => past.getByRole("listitem").count()).toBe(3);
    expect(await past.getByRole("listitem").allTextContents()).toMatchObject([
      expect.stringMatching(/^3.*changed on the disk.*now.*changed/),
      expect.stringMatching(/^2.*minh.*reworded/),
      expect.stringMatching(/^1.*changed on the disk.*added/),
    ]);
    await past.getByRole("button", { name: "Changes of version 2" }).press("Enter");
    const diff = past.getByRole("region", { name: "Changes of version 2" });
    await diff.waitFor();
    expect(await diff.locator("del").allTextContents()).toEqual(["-title: Evening light\n"]);
    expect(await diff.locator("ins").allTextContents()).toEqual(["+title: Evening lamp\n"]);
    await expectAccessible(page, "versions");
    const picture = process.env.TRAM_TEST_PICTURES;
    if (picture !== undefined) await page.screenshot({ path: join(picture, "versions.png"), fullPage: true });

    page.once("dialog", (dialog) => void dialog.accept());
    await past.getByRole("button", { name: "Roll back to version 1" }).press("Enter");
    await page.getByText("It is as it was in version 1.").waitFor();
    expect(await page.getByLabel("Title", { exact: true }).inputValue()).toBe("Evening light");
    expect(readFileSync(file, "utf8")).toBe(RULES);
    await expect
      .poll(() => past.getByRole("listitem").first().textContent())
      .toMatch(/^4.*minh.*now.*rolled back to 1/);
    // The button that was pressed is still there, and still has the focus.
    expect(await page.evaluate(() => document.activeElement?.getAttribute("aria-label"))).toBe(
      "Roll back to version 1",
    );
  });

  test("a broken rule says which version runs; a file that is no list is rolled back as a whole, in Vietnamese", async () => {
    using folder = temporaryFolder("past");
    const { config, rulesDir } = house(folder.path, { rules: RULES });
    const file = join(rulesDir, "rules.yaml");
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const page = await enter(browser, gateway, { locale: "vi-VN", viewport: { width: 360, height: 740 } });
    await page.goto(new URL("/rules", gateway.web).href);
    writeFileSync(file, RULES.replace("[{ time", "[{ tiem"));
    const card = page.getByRole("article", { name: "Evening light" });
    await card.getByText(/Nội dung mới bị lỗi\. Phiên bản 1 lúc .* đang chạy\./).waitFor();
    await card.getByText("Đang hoạt động").waitFor();
    writeFileSync(file, `${RULES}  oops: [\n`);
    await card.getByRole("link", { name: "rules.yaml" }).click();
    const past = page.getByRole("region", { name: "Các phiên bản" });
    await past.getByText("không đọc được").waitFor();
    expect(await past.getByRole("button", { name: "Khôi phục phiên bản 3" }).count()).toBe(0);
    await expectAccessible(page, "versions");
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    const picture = process.env.TRAM_TEST_PICTURES;
    if (picture !== undefined) await page.screenshot({ path: join(picture, "file.png"), fullPage: true });
    page.once("dialog", (dialog) => void dialog.accept());
    await past.getByRole("button", { name: "Khôi phục phiên bản 1" }).click();
    await expect.poll(() => readFileSync(file, "utf8")).toBe(RULES);
    await expect.poll(() => page.locator("textarea").inputValue()).toBe(RULES);
  });
});
