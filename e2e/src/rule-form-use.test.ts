import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible } from "./accessible.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { rawCall, setUp } from "./http.ts";
import { mosquittoMissing } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder } from "./processes.ts";
import { choose, enter, field, focused, furnish, openRule, report, tabTo } from "./rule-page.ts";

const NESTED = `- id: nested
  triggers: [{ time: "07:00" }]
  conditions:
    - or: [{ state: { property: ghost/a/b, is: 1 } }, { time: { after: "06:00" } }]
  actions: [{ set: ghost/a/b, value: 2 }]
`;
const SECOND = `- id: second
  title: Second
  triggers: [{ time: "08:00" }]
  actions: [{ notify: x }]
`;

describe.skipIf(chromiumMissing() || mosquittoMissing())("the rule form, whoever uses it", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  test("a rule is made with the keyboard alone, and the focus is never lost", async () => {
    using folder = temporaryFolder("form");
    const { config, rulesDir } = house(folder.path);
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await furnish(gateway);
    const page = await enter(browser, gateway);
    // Not every browser can move an element without taking the focus from it: this one may not now.
    await page.addInitScript(() => Reflect.deleteProperty(Element.prototype, "moveBefore"));
    await openRule(page, gateway, "rules/new");
    const keys = page.keyboard;
    const said = page.locator("[data-said]");
    await page.getByLabel("Title", { exact: true }).focus();
    await keys.type("Fan by button");
    await tabTo(page, "Add: A value changes");
    await keys.press("Enter");
    await expect.poll(() => focused(page)).toBe("triggers[0].state.property");
    expect(await said.textContent()).toBe("Added: A value changes, 1 of 1");
    await keys.press("ArrowDown");
    await keys.type("press");
    await keys.press("Enter");
    // An occurrence has no duration.
    expect(await field(page, "triggers[0].for").count()).toBe(0);
    await tabTo(page, "triggers[0].state.to");
    await keys.type("d");
    await tabTo(page, "Add: Set a value");
    await keys.press("Space");
    await expect.poll(() => focused(page)).toBe("actions[0].set");
    await keys.press("ArrowDown");
    await keys.type("level");
    await keys.press("Enter");
    await tabTo(page, "actions[0].value");
    await keys.press("ControlOrMeta+A");
    await keys.type("3");
    await tabTo(page, "Add: Notify");
    await keys.press("Enter");
    await expect.poll(() => focused(page)).toBe("actions[1].notify");
    await keys.type("turbo");

    // Upwards: the focus stays at the button that was pressed, which now belongs to part 1.
    await page.getByRole("button", { name: "Move up" }).last().focus();
    await keys.press("Enter");
    await expect.poll(() => said.textContent()).toBe("Moved: Notify, now 1 of 2");
    expect(await focused(page)).toBe("Move up");
    expect(await field(page, "actions[0].notify").inputValue()).toBe("turbo");
    await page.getByRole("button", { name: "Move down" }).first().focus();
    await keys.press("Enter");
    await expect.poll(() => focused(page)).toBe("Move down");
    // Copied, and removed again: to the copy, to the part before, to the list's heading.
    await page.getByRole("button", { name: "Duplicate" }).last().focus();
    await keys.press("Enter");
    await expect.poll(() => focused(page)).toBe("actions[2].notify");
    await page.getByRole("button", { name: "Remove" }).last().focus();
    await keys.press("Enter");
    await expect.poll(() => focused(page)).toBe("actions[1]");
    await page.getByRole("button", { name: "Add: Time window" }).focus();
    await keys.press("Enter");
    await expect.poll(() => focused(page)).toBe("conditions[0].time.after");
    await page.getByRole("button", { name: "Remove" }).nth(1).focus();
    await keys.press("Enter");
    await expect.poll(() => focused(page)).toBe("conditions");
    expect(await said.textContent()).toBe("Removed: Time window");

    await tabTo(page, "Save");
    await keys.press("Enter");
    await page.getByText("Saved.", { exact: true }).waitFor();
    expect(await focused(page)).toBe("Rule Fan by button");
    expect(readFileSync(join(rulesDir, "rules.yaml"), "utf8")).toBe(`- id: fan-by-button
  title: Fan by button
  triggers:
    - { state: { property: fan/button/press, to: double } }
  actions:
    - { set: fan/fan/level, value: 3 }
    - { notify: turbo }
`);
    await page.context().close();
  });

  test("what stands in groups stays; leaving unsaved changes asks; switch, delete, and mend a broken file", async () => {
    using folder = temporaryFolder("form");
    const { config, rulesDir } = house(folder.path, { rules: NESTED + SECOND });
    const file = join(rulesDir, "rules.yaml");
    writeFileSync(join(rulesDir, "broken.yaml"), "- id: x\n  triggers: [\n");
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const page = await enter(browser, gateway, { locale: "vi-VN" });
    await page.getByRole("link", { name: "Quy tắc" }).click();
    await page.getByRole("link", { name: "Sửa nested" }).click();
    await page.getByRole("heading", { name: "Một trong các, mục 1 trong 1" }).waitFor();
    await page.getByText("Hiện chưa có thiết bị nào khai báo ghost/a/b.").first().waitFor();
    await page.getByLabel("Lúc", { exact: true }).fill("07:30");
    let asked = 0;
    let answer = false;
    page.on("dialog", (dialog) => {
      asked++;
      void (answer ? dialog.accept() : dialog.dismiss());
    });
    // By a link, by the browser's own button, by closing.
    await page.getByRole("link", { name: "Thiết bị" }).click();
    expect([asked, page.url()]).toEqual([1, new URL("rules/nested", gateway.web).href]);
    await page.evaluate(() => history.back());
    await expect.poll(() => asked).toBe(2);
    await expect.poll(() => page.evaluate(() => location.pathname)).toBe("/rules/nested");
    expect(await page.getByLabel("Lúc", { exact: true }).inputValue()).toBe("07:30");
    await page.reload({ timeout: 2_000 }).catch(() => undefined); // It is dismissed: nothing is loaded.
    expect(asked).toBe(3);
    expect(await page.getByLabel("Lúc", { exact: true }).inputValue()).toBe("07:30");

    // What stands in groups goes through the form unchanged.
    await page.getByRole("button", { name: "YAML", exact: true }).click();
    await page.locator("textarea").waitFor();
    await page.getByRole("button", { name: "Biểu mẫu" }).click();
    await page.getByRole("button", { name: "Lưu" }).click();
    await page.getByText("Đã lưu.").waitFor();
    expect(readFileSync(file, "utf8")).toBe(
      NESTED.replace('triggers: [{ time: "07:00" }]', 'triggers: [ { time: "07:30" } ]') + SECOND,
    );
    await page.evaluate(() => history.back());
    await page.getByRole("heading", { name: "nested" }).waitFor();
    expect(asked).toBe(3);

    const card = page.locator(".rule", { hasText: "nested" });
    await card.getByRole("switch").click();
    await card.getByText("Đã tắt").waitFor();
    expect(readFileSync(file, "utf8")).toContain("- id: nested\n  enabled: false\n");
    await card.getByRole("switch").click();
    await card.getByText("Đang hoạt động").waitFor();
    await card.getByRole("button", { name: "Xóa nested" }).click();
    expect(asked).toBe(4);
    expect(readFileSync(file, "utf8")).toContain("- id: nested");
    answer = true;
    await card.getByRole("button", { name: "Xóa nested" }).click();
    await card.waitFor({ state: "hidden" });
    expect(await focused(page)).toBe("Second");
    expect(readFileSync(file, "utf8")).toBe(SECOND);

    await page.getByRole("link", { name: "Sửa tệp broken.yaml" }).click();
    await page.locator('.gutter [data-wrong="true"]').first().waitFor();
    // Its page can be loaded anew, though it ends like a file.
    await page.reload();
    await page.locator('.gutter [data-wrong="true"]').first().waitFor();
    await page.locator("textarea").fill(NESTED);
    await page.getByRole("button", { name: "Lưu" }).click();
    await page.getByText("Đã lưu.").waitFor();
    await page.getByRole("link", { name: "Về danh sách quy tắc" }).click();
    await page.getByRole("heading", { name: "nested" }).waitFor();
    await page.context().close();
  });

  test("why it did not run is told in one sentence, live, in both languages", async () => {
    using folder = temporaryFolder("form");
    const rules = `- id: cool
  title: Cool down
  triggers:
    - id: hot
      numeric: { property: sensor/air/temperature, above: 30 }
      for: 1h
    - numeric: { property: sensor/air/temperature, above: 50 }
  conditions:
    - state: { property: fan/fan/on, is: false }
    - not: { numeric: { property: fan/fan/level, above: 1 } }
  actions: [{ notify: hot }]
`;
    const { config } = house(folder.path, { rules });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await furnish(gateway);
    const page = await enter(browser, gateway);
    const vietnamese = await (
      await browser.newContext({ locale: "vi-VN", storageState: await page.context().storageState() })
    ).newPage();
    await openRule(page, gateway, "rules/cool");
    await vietnamese.goto(new URL("rules", gateway.web).href);
    const line = page.locator(".why-not");
    const card = vietnamese.locator(".why-not");
    const both = async (english: string, viet: string): Promise<void> => {
      await expect.poll(() => line.textContent()).toBe(`Why not? ${english}`);
      await expect.poll(() => card.textContent()).toBe(`Vì sao không chạy? ${viet}`);
    };

    await report(gateway, "fan/fan/level", "3");
    await report(gateway, "sensor/air/temperature", "31.5");
    await both(
      "Not yet: trigger “hot” must hold for 1 h.",
      "Chưa chạy: điều kiện kích hoạt “hot” phải giữ nguyên trong 1 giờ.",
    );
    await report(gateway, "sensor/air/temperature", "12.25");
    await both(
      "It did not run: trigger “hot” did not hold long enough, then 12.25 was seen.",
      "Không chạy: điều kiện kích hoạt “hot” không giữ đủ lâu, sau đó thấy 12,25.",
    );
    await report(gateway, "fan/fan/on", "true");
    await report(gateway, "sensor/air/temperature", "51");
    await both(
      "It did not run: condition 1 was not met. fan · on must be Off, but was On.",
      "Không chạy: điều kiện 1 không thỏa. fan · on phải là Tắt, nhưng lúc đó là Bật.",
    );
    await report(gateway, "fan/fan/on", "false");
    await report(gateway, "sensor/air/temperature", "20");
    await report(gateway, "sensor/air/temperature", "52");
    await both(
      "It did not run: condition 2 was not met. fan · level must not be above 1, but was 3.",
      "Không chạy: điều kiện 2 không thỏa. fan · level không được lớn hơn 1, nhưng lúc đó là 3.",
    );
    await report(gateway, "fan/fan/level", "0");
    await report(gateway, "sensor/air/temperature", "20");
    await report(gateway, "sensor/air/temperature", "53");
    await page.getByText("Finished").first().waitFor();
    // All of it stands below, the newest first.
    await expect
      .poll(async () => (await page.locator(".editor-traces .chip").allTextContents()).slice(0, 3))
      .toEqual(["Fired", "Action", "Confirmed"]);
    await line.waitFor({ state: "hidden" });
    await vietnamese.context().close();
    await page.context().close();
  });

  test("who may only look sees the rule and cannot change it", async () => {
    using folder = temporaryFolder("form");
    const { config, data } = house(folder.path, { rules: NESTED });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await setUp(gateway);
    const made = await rawCall({ socketPath: join(data, "tram.sock") }, "POST", "/api/v1/tickets", {
      body: { username: "lan", scopes: ["read"] },
    });
    const { ticket } = made.body as { ticket: string };
    const page = await (await browser.newContext({ locale: "en-GB" })).newPage();
    await page.request.post(new URL("sign-on", gateway.web).href, { form: { ticket } });
    await page.goto(new URL("rules", gateway.web).href);
    await page.getByRole("link", { name: "Look at nested" }).waitFor();
    for (const name of ["New rule", "Delete nested", "nested: on"]) {
      expect(await page.getByLabel(name).or(page.getByRole("link", { name })).count(), name).toBe(0);
    }
    await page.getByRole("link", { name: "Look at nested" }).click();
    await page.getByText("You may look at this, but not change it.").waitFor();
    expect(await page.getByLabel("At", { exact: true }).inputValue()).toBe("07:00");
    expect(await page.locator("main input:enabled, main select:enabled").count()).toBe(0);
    expect(await page.getByRole("button", { name: "Save" }).count()).toBe(0);
    expect(await page.getByRole("button", { name: "Remove" }).count()).toBe(0);
    await page.getByRole("button", { name: "YAML", exact: true }).click();
    expect(await page.locator("textarea").getAttribute("readonly")).not.toBeNull();
    await expectAccessible(page, "read-only");
    await page.context().close();
  });

  test("every state is accessible, and nothing is wider than a phone", async () => {
    using folder = temporaryFolder("form");
    const { config, rulesDir } = house(folder.path, { rules: NESTED });
    writeFileSync(join(rulesDir, "broken.yaml"), "- id: x\n  triggers: [\n");
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await furnish(gateway);
    const page = await enter(browser, gateway);
    const storageState = await page.context().storageState();
    await page.context().close();
    const phone = { width: 360, height: 740 };
    // These are among the pages that the tests of the whole UI look at.
    const seenElsewhere = ["list", "broken file"];
    for (const locale of ["en-GB", "vi-VN"]) {
      for (const colorScheme of ["light", "dark"] as const) {
        const context = await browser.newContext({ locale, colorScheme, viewport: phone, storageState });
        const form = await context.newPage();
        for (const [state, show] of STATES) {
          await show(form, gateway.web);
          const where = `${locale} ${colorScheme} ${state}`;
          if (!seenElsewhere.includes(state)) await expectAccessible(form, where);
          expect(await form.evaluate(() => document.documentElement.scrollWidth), where).toBe(phone.width);
        }
        await context.close();
      }
    }
  }, 300_000);
});

const open = async (page: Page, web: string, path: string): Promise<void> => {
  await page.goto(new URL(path, web).href);
  await page.locator(".rule-form, textarea, .rules").first().waitFor();
};

/** What is to be seen of the editor, by locators that need no language. */
const STATES: readonly (readonly [name: string, show: (page: Page, web: string) => Promise<void>])[] = [
  ["list", (page, web) => open(page, web, "rules")],
  ["broken file", (page, web) => open(page, web, "rules/file/broken.yaml")],
  ["nested rule", (page, web) => open(page, web, "rules/nested")],
  [
    "marked line",
    async (page, web) => {
      await open(page, web, "rules/nested");
      await page.locator(".tabs button").last().click();
      const text = page.locator("textarea");
      await text.fill((await text.inputValue()).replace("07:00", "27:00"));
      await page.locator('.gutter [data-wrong="true"]').waitFor();
    },
  ],
  [
    "each kind of part, refused",
    async (page, web) => {
      page.once("dialog", (dialog) => void dialog.accept());
      await open(page, web, "rules/new");
      const add = page.locator('.part-list[data-depth="0"] > .add-row > button:not(.quiet)');
      const count = await add.count();
      for (let index = 0; index < count; index++) await add.nth(index).click();
      await choose(page, "triggers[0].state.property", "mode");
      await choose(page, "conditions[1].numeric.property", "temp");
      await choose(page, "actions[0].set", "fan on");
      await page.locator(".save-row [type=submit]").click();
      await page.locator(".save-failure").waitFor();
    },
  ],
  [
    "list of properties",
    async (page) => {
      await field(page, "triggers[1].numeric.property").click();
      await page.getByRole("listbox").waitFor();
    },
  ],
];
