import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { ADMIN } from "./http.ts";
import { describeDevice, messages, mosquittoMissing, PROBE, publish, subscribe } from "./mosquitto.ts";
import { type GatewayHandle, house, startGateway, temporaryFolder } from "./processes.ts";

const RULES = `# Rules of the house

- id: evening   # by Lan
  title: Evening light
  triggers: [{ time: "19:00" }]
  # only when somebody is there
  actions:
    - notify: Good evening   # everybody
`;

async function enter(browser: Browser, gateway: GatewayHandle, locale = "en-GB"): Promise<Page> {
  const page = await (await browser.newContext({ locale })).newPage();
  await page.goto(gateway.web);
  await page.locator('[name="code"]').fill(gateway.setupCode ?? "");
  await page.locator('[name="username"]').fill(ADMIN.username);
  await page.locator('[name="password"]').fill(ADMIN.password);
  await page.locator('[name="password"]').press("Enter");
  await page.locator("nav a").first().waitFor();
  return page;
}

/** Chooses a property in the combobox of a part, with the keyboard alone. */
async function choose(page: Page, path: string, words: string): Promise<void> {
  const field = page.locator(`[data-path="${path}"]`);
  await field.focus();
  await field.press("ArrowDown");
  await page.getByRole("listbox").waitFor();
  await field.pressSequentially(words);
  await field.press("Enter");
  await page.getByRole("listbox").waitFor({ state: "hidden" });
}

describe.skipIf(chromiumMissing() || mosquittoMissing())("the rule form in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  test("a rule made by the form fires; the form offers what the Things allow, with units", async () => {
    using folder = temporaryFolder("form");
    const { config, rulesDir } = house(folder.path, { rules: RULES });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await describeDevice(gateway.mqttPort, PROBE, "sensor", {
      air: { temperature: { datatype: "float", unit: "°C" }, door: { datatype: "boolean" } },
    });
    await describeDevice(gateway.mqttPort, PROBE, "fan", {
      fan: {
        on: { datatype: "boolean", settable: true },
        level: { datatype: "integer", format: "0:3", settable: true },
      },
    });
    const page = await enter(browser, gateway);
    await page.getByRole("link", { name: "Rules" }).click();
    await page.getByRole("link", { name: "New rule" }).click();
    await page.getByLabel("Title", { exact: true }).fill("Quạt khi nóng");
    expect(await page.getByLabel("Id", { exact: true }).inputValue()).toBe("quat-khi-nong");

    await page.getByRole("button", { name: "Add: A number crosses a limit" }).click();
    // The new part has the focus; of the sensor only the number is offered.
    const property = page.locator('[data-path="triggers[0].numeric.property"]');
    expect(await property.evaluate((element) => element === document.activeElement)).toBe(true);
    await property.press("ArrowDown");
    expect(await page.getByRole("listbox").getByRole("option").allTextContents()).toEqual([
      expect.stringContaining("fan · level"),
      expect.stringContaining("sensor · temperature (°C)"),
    ]);
    await property.press("Escape");
    await choose(page, "triggers[0].numeric.property", "temp");
    await page.getByLabel("Above (°C)").fill("30");
    await page.getByRole("button", { name: "Add: Set a value" }).click();
    await choose(page, "actions[0].set", "fan on");
    expect(await page.locator('[data-path="actions[0].value"] option').allTextContents()).toEqual([
      "On",
      "Off",
    ]);
    await page.getByRole("button", { name: "Add: Notify" }).click();
    await page.getByLabel("Text", { exact: true }).fill("hot");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Rule Quạt khi nóng" }).waitFor();
    expect(readFileSync(join(rulesDir, "rules.yaml"), "utf8")).toBe(`${RULES}
- id: quat-khi-nong
  title: Quạt khi nóng
  triggers:
    - { numeric: { property: sensor/air/temperature, above: 30 } }
  actions:
    - { set: fan/fan/on, value: true }
    - { notify: hot }
`);

    await using actuator = await subscribe(gateway.mqttPort, PROBE, "homie/5/fan/fan/on/set");
    await publish(gateway.mqttPort, PROBE, {
      topic: "homie/5/sensor/air/temperature",
      payload: "31",
      retain: true,
    });
    await actuator.until("the command", () => (messages(actuator).length > 0 ? true : undefined));
    await page.getByText("Finished").first().waitFor();
    await page.close();
  });

  test("form and YAML are one rule: comments survive, problems stand at their fields, nobody overwrites another", async () => {
    using folder = temporaryFolder("form");
    const { config, rulesDir } = house(folder.path, { rules: RULES });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const file = join(rulesDir, "rules.yaml");
    const page = await enter(browser, gateway);
    await page.goto(new URL("rules/evening", gateway.web).href);
    await page.getByLabel("At", { exact: true }).fill("18:30");
    await page.getByRole("button", { name: "Duplicate" }).last().click();
    await page.getByLabel("Text", { exact: true }).nth(1).fill("Again");
    await page.getByRole("button", { name: "YAML" }).click();
    const text = page.getByLabel("The rule as YAML");
    await expect.poll(() => text.inputValue()).toContain("Again");
    expect(await text.inputValue()).toBe(`id: evening   # by Lan
title: Evening light
triggers: [ { time: "18:30" } ]
# only when somebody is there
actions:
  - notify: Good evening # everybody
  - { notify: Again }
`);

    // A mistake by hand: its line is marked, and the form shows it at the field.
    await text.fill((await text.inputValue()).replace("18:30", "25:30"));
    await page.locator('.gutter [data-wrong="true"]').waitFor();
    expect(await page.locator('.gutter [data-wrong="true"]').textContent()).toBe("3");
    await page.getByRole("button", { name: "Form" }).click();
    await page
      .getByText(/expected a time of day/)
      .first()
      .waitFor();
    expect(await page.getByLabel("At", { exact: true }).getAttribute("aria-invalid")).toBe("true");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText(/Not saved/).waitFor();
    expect(readFileSync(file, "utf8")).toBe(RULES);

    // What cannot be read at all leaves only the text.
    await page.getByRole("button", { name: "YAML" }).click();
    const broken = await text.inputValue();
    await text.fill(`${broken}\n[`);
    await page.getByText("mend it in the YAML tab").waitFor();
    expect(await page.getByRole("button", { name: "Form" }).getAttribute("aria-disabled")).toBe("true");
    await text.fill(broken.replace("25:30", "18:30"));
    await expect
      .poll(() => page.getByRole("button", { name: "Form" }).getAttribute("aria-disabled"))
      .toBe("false");

    // Meanwhile somebody else was there.
    writeFileSync(file, RULES.replace("Good evening", "Good night"));
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Somebody changed this file meanwhile.").waitFor();
    await page.getByRole("button", { name: "Load theirs" }).click();
    await expect.poll(() => text.inputValue()).toContain("Good night");
    await page.close();
  });

  test("what the form cannot show stays; leaving unsaved changes asks; switch, delete, and mend a broken file", async () => {
    using folder = temporaryFolder("form");
    const nested = `- id: nested
  triggers: [{ time: "07:00" }]
  conditions:
    - or: [{ state: { property: ghost/a/b, is: 1 } }, { time: { after: "06:00" } }]
  actions: [{ set: ghost/a/b, value: 2 }]
`;
    const { config, rulesDir } = house(folder.path, { rules: nested });
    writeFileSync(join(rulesDir, "broken.yaml"), "- id: x\n  triggers: [\n");
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const page = await enter(browser, gateway, "vi-VN");
    await page.goto(new URL("rules/nested", gateway.web).href);
    await page.getByText("Viết bằng YAML").first().waitFor();
    await page.getByText("ghost/a/b: hiện chưa được khai báo").waitFor();
    await page.getByLabel("Lúc", { exact: true }).fill("08:00");
    let asked = 0;
    page.on("dialog", (dialog) => {
      asked++;
      void (asked === 1 ? dialog.dismiss() : dialog.accept());
    });
    await page.getByRole("link", { name: "Thiết bị" }).click();
    expect(asked).toBe(1);
    expect(page.url()).toContain("/rules/nested");
    await page.getByRole("button", { name: "Lưu" }).click();
    await page.getByText("Đã lưu.").waitFor();
    expect(readFileSync(join(rulesDir, "rules.yaml"), "utf8")).toBe(
      nested.replace('triggers: [{ time: "07:00" }]', 'triggers: [ { time: "08:00" } ]'),
    );

    await page.getByRole("link", { name: "Về danh sách quy tắc" }).click();
    const card = page.locator(".rule", { hasText: "nested" });
    await card.getByRole("switch").click();
    await card.getByText("Đã tắt").waitFor();
    expect(readFileSync(join(rulesDir, "rules.yaml"), "utf8")).toContain("- id: nested\n  enabled: false\n");
    await card.getByRole("button", { name: "Xóa nested" }).click();
    await card.waitFor({ state: "hidden" });

    await page.getByRole("link", { name: "Sửa tệp" }).click();
    await page.locator('.gutter [data-wrong="true"]').first().waitFor();
    await page.locator("textarea").fill(nested);
    await page.getByRole("button", { name: "Lưu" }).click();
    await page.getByText("Đã lưu.").waitFor();
    await page.getByRole("link", { name: "Về danh sách quy tắc" }).click();
    await page.getByText("Đang hoạt động").waitFor();
    await page.close();
  });
});
