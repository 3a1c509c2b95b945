import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectAccessible } from "./accessible.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { mosquittoMissing } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder } from "./processes.ts";
import { choose, enter, field, focused, furnish, openRule, tabTo } from "./rule-page.ts";

/** A rule with every kind of part, as a person writes it. */
const EVERYTHING = `- id: everything
  title: Everything   # the whole language
  group: garden
  labels: [summer, night]
  mode: queued
  max: 3
  on_missed: { catch_up: 45m }
  when_untrusted: skip
  on_edit: cancel
  rate_limit: { runs: 60, per: 1m }
  variables: { limit: 25, text: "\${ string(limit) } °C" }
  triggers:
    - state: { property: [fan/fan/on, fan/fan/mode], from: [true, eco], to: false, attribute: a.b }
      for: 5m
    - numeric: { property: { area: garden, property: temperature }, above: 30, hysteresis: 1.5 }
    - time: { at: ["07:00", "19:30:15"], weekdays: [mon, fri] }
    - { id: evening, enabled: false, mode: restart, sun: { event: sunset, offset: -30m } }
    - schedule: { on: both, week: { weekdays: ["06:00-08:30", "22:00-02:00"], sun: ["10:00-24:00"] } }
    - time_pattern: { hours: "*", minutes: /5, seconds: 30 }
    - cron: "*/5 6-20 * * mon-fri"
    - expression: value("sensor/air/temperature") > 30.0
    - availability: { thing: [fan, sensor], to: [lost, disconnected], from: ready }
    - event: { thing: pump, event: fault, data: { code: 7 } }
    - mqtt: { topic: "home/+/state", payload: [1, "on"], path: a.b }
    - webhook: a-long-secret-word
    - gateway: started
    - { bridge: { to: offline, provider: cloud }, for: 10m }
    - clock: stepped
  conditions:
    - { state: { property: fan/fan/on, is: [true, false] }, for: 1m }
    - numeric: { property: sensor/air/temperature, above: 1, below: 40 }
    - time: { after: "06:00", before: "22:00", weekdays: [sat] }
    - sun: { after: { event: sunset, offset: -1h }, before: { event: sunrise } }
    - schedule: { week: { daily: ["00:00-24:00"] } }
    - { presence: { is: someone, of: { tag: person } }, for: 5m }
    - availability: { thing: { area: garden }, is: ready }
    - trigger: [evening, dusk]
    - expression: clockTrusted()
    - bridge: { is: online }
    - clock: trusted
    - rule: { id: everything, is: idle }
    - or:
        - and: [{ clock: trusted }, { not: { bridge: { is: offline } } }]
        - time: { after: "06:00" }
  actions:
    # first this
    - { set: fan/fan/level, value: "\${ limit > 20 ? 3 : 1 }", confirm: 5s }
    - { set: { tag: light, property: on }, value: false }
    - delay: "\${ string(limit) + 's' }"
    - { notify: "It is \${ text }", level: alarm, to: ["sms:+84901234567"], retry: true }
    - { publish: "home/x", payload: { a: [1, 2] }, qos: 2, retain: true }
    - { http: "https://example.com/x", method: POST, headers: { X-A: b }, body: { a: 1 }, timeout: 5s, response: answer }
    - { invoke: pump/reset, input: 3, confirm: 2s }
    - { call: everything, with: { limit: 3 }, wait: true }
    - enable: { group: garden }
    - disable: [everything]
    - variables: { x: 1 }
    - wait_for: [{ state: { property: fan/fan/on, to: true } }]   # for the fan
      timeout: 5m
      on_timeout: stop
    - { wait_until: [{ clock: synced }], timeout: 1h }
    - if: [{ state: { property: fan/fan/on, is: true } }]
      then:
        # then that
        - notify: a
        - choose:
            - when: [{ clock: trusted }]
              do: [{ notify: b }]
          else: [{ stop: "no branch", error: true }]
      else: [{ condition: [{ clock: trusted }] }]
    - { repeat: { count: 3 }, do: [{ notify: c }] }
    - { repeat: { while: [{ clock: trusted }] }, do: [{ notify: d }] }
    - { repeat: { until: [{ clock: trusted }] }, do: [{ notify: e }] }
    - { repeat: { for_each: [1, 2] }, do: [{ notify: f }] }
    - parallel: [[{ notify: g }], [{ sequence: [{ notify: h }] }]]
`;

describe.skipIf(chromiumMissing() || mosquittoMissing())("the whole language in the rule form", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  test("at sunset, if it is warm then … else …, made on a phone by keyboard alone", async () => {
    using folder = temporaryFolder("language");
    const { config, rulesDir } = house(folder.path);
    locate(config);
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await furnish(gateway);
    const page = await enter(browser, gateway, {
      locale: "en-GB",
      viewport: { width: 360, height: 740 },
    });
    await openRule(page, gateway, "rules/new");
    const keys = page.keyboard;
    const said = page.locator("[data-said]");
    await page.getByLabel("Title", { exact: true }).focus();
    await keys.type("Evening air");
    await tabTo(page, "Add: Sunrise or sunset");
    await keys.press("Enter");
    await expect.poll(() => focused(page)).toBe("triggers[0].sun.event");
    await tabTo(page, "triggers[0].sun.offset");
    await keys.type("30");
    await tabTo(page, "Earlier or later: before or after", "back");
    await keys.press("b"); // “before”, as every list of choices is used.
    await tabTo(page, "Earlier or later: Unit");
    await keys.press("m");
    await tabTo(page, "Add: If … then");
    await keys.press("Enter");
    await expect.poll(() => said.textContent()).toBe("Added: If … then, 1 of 1");
    await expect.poll(() => focused(page)).toContain("Add to: If");
    await keys.press("Enter");
    await expect.poll(() => focused(page)).toContain("Add: A value is");
    await tabTo(page, "Add: A number is in a range");
    await keys.press("Enter");
    await expect.poll(() => focused(page)).toBe("actions[0].if[0].numeric.property");
    await choose(page, "actions[0].if[0].numeric.property", "temp");
    await tabTo(page, "actions[0].if[0].numeric.above");
    await keys.type("28");
    for (const [list, kind, first] of [
      ["Then do", "Set a value", "actions[0].then[0].set"],
      ["Then do", "Wait until", ""],
      ["Otherwise", "Notify", "actions[0].else[0].notify"],
    ] as const) {
      await tabTo(page, `Add to: ${list}`);
      await keys.press("Enter");
      // The list opens, and takes the focus.
      await expect.poll(() => focused(page)).toContain("Add: ");
      await tabTo(page, `Add: ${kind}`);
      await keys.press("Enter");
      if (first !== "") await expect.poll(() => focused(page)).toBe(first);
      if (kind === "Set a value") await choose(page, first, "fan on");
      if (kind === "Notify") await keys.type("cool enough");
    }
    await expectFits(page);
    // What it waits for; the list that was just opened by keyboard is inside a part of a part.
    await page.getByRole("button", { name: "Add to: Until all of these hold" }).focus();
    await keys.press("Enter");
    await expect.poll(() => focused(page)).toContain("Add: ");
    await tabTo(page, "Add: A value is");
    await keys.press("Enter");
    await choose(page, "actions[0].then[1].wait_until[0].state.property", "fan on");
    await tabTo(page, "actions[0].then[1].timeout");
    await keys.type("10");
    // Moved up inside, with the focus on the button that did it.
    const part = page.locator("li.part", { has: page.locator('[data-part="actions[0].then[1]"]') }).last();
    await part.getByRole("button", { name: "Move up" }).first().focus();
    await keys.press("Enter");
    await expect.poll(() => said.textContent()).toBe("Moved: Wait until, now 1 of 2");
    expect(await focused(page)).toBe("Move up");
    await tabTo(page, "Save");
    await keys.press("Enter");
    await page.getByText("Saved.", { exact: true }).waitFor();
    expect(readFileSync(join(rulesDir, "rules.yaml"), "utf8")).toBe(`- id: evening-air
  title: Evening air
  triggers:
    - { sun: { event: sunset, offset: -30m } }
  actions:
    - if:
        - numeric:
            property: sensor/air/temperature
            above: 28
      then:
        - wait_until:
            - state:
                property: fan/fan/on
                is: true
          timeout: 10s
        - set: fan/fan/on
          value: true
      else:
        - notify: cool enough
`);
    // As text it is the same; loaded anew it is told in words while it is closed.
    await page.getByRole("button", { name: "YAML", exact: true }).click();
    await page.getByLabel("The rule as YAML").waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Close: If … then 1" }).click();
    await page
      .getByText("if sensor · temperature > 28 then 2 actions, otherwise 1 action", { exact: true })
      .waitFor();
    await page.context().close();
  });

  test("whoever types on finds the focus where it goes, on a slow phone too", async () => {
    using folder = temporaryFolder("language");
    const { config } = house(folder.path);
    locate(config);
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await furnish(gateway);
    const page = await enter(browser, gateway, {
      locale: "en-GB",
      viewport: { width: 360, height: 740 },
    });
    await openRule(page, gateway, "rules/new");
    const slow = await page.context().newCDPSession(page);
    await slow.send("Emulation.setCPUThrottlingRate", { rate: 6 });
    await page.getByLabel("Title", { exact: true }).focus();
    // Looks between any two tasks of the page.
    await page.evaluate(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        if (document.activeElement === document.body) document.body.dataset.lost = "lost";
        port2.postMessage(undefined);
      };
      port2.postMessage(undefined);
    });
    await tabTo(page, "Add: If … then");
    await page.keyboard.press("Enter");
    for (let index = 0; index < 4; index++) {
      await tabTo(page, "Add to: Then do");
      await page.keyboard.press("Enter");
      await expect.poll(() => focused(page)).toContain("Add: Set a value");
      await page.keyboard.press("Enter");
      await expect.poll(() => focused(page)).toBe(`actions[0].then[${index}].set`);
    }
    expect(await page.evaluate(() => document.body.dataset.lost)).toBeUndefined();
    await page.context().close();
  });

  test("every kind is shown by name; nothing changes but what somebody changes; YAML in a field is read", async () => {
    using folder = temporaryFolder("language");
    const { config, rulesDir } = house(folder.path, { rules: EVERYTHING });
    locate(config);
    const file = join(rulesDir, "rules.yaml");
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await furnish(gateway);
    const page = await enter(browser, gateway);
    await openRule(page, gateway, "rules/everything");
    await openAll(page);
    expect(await page.locator("[data-part]").evaluateAll((all) => all.length)).toBeGreaterThan(60);
    expect(await page.getByText("Written in YAML").count()).toBe(0);
    expect(await page.locator(".field-problem").allTextContents()).toEqual([]);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.", { exact: true }).waitFor();
    expect(readFileSync(file, "utf8")).toBe(EVERYTHING);

    // One place deep inside: comments and all else stay.
    await field(page, "actions[13].then[0].notify").fill("changed");
    const variables = field(page, "variables");
    await variables.fill("limit: 25\ntext: [");
    await page.getByText("This YAML cannot be read yet.").waitFor();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Not saved: the form has a field with YAML that cannot be read.").waitFor();
    expect(readFileSync(file, "utf8")).toBe(EVERYTHING);
    await variables.fill("limit: 26\ntext: ${ string(limit) } °C");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.", { exact: true }).waitFor();
    const saved = readFileSync(file, "utf8");
    expect(saved).toContain("limit: 26");
    expect(saved).toContain("        # then that\n        - notify: changed\n");
    // A section in which something changed may be spaced anew; nothing that it says is lost.
    const said = (text: string) => text.replace(/[\s{}[\],"'-]+/g, "");
    expect(said(saved)).toBe(
      said(EVERYTHING.replace("limit: 25", "limit: 26").replace("- notify: a\n", "- notify: changed\n")),
    );
    await page.context().close();
  }, 120_000);

  test("all of it open fits a phone and is accessible, in both languages and themes", async () => {
    using folder = temporaryFolder("language");
    const { config } = house(folder.path, { rules: EVERYTHING });
    locate(config);
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await furnish(gateway);
    const page = await enter(browser, gateway);
    const storageState = await page.context().storageState();
    await page.context().close();
    // The page is very long, and looked at whole: two of the four ways to show it reach all texts and colours.
    for (const [locale, colorScheme] of [
      ["en-GB", "light"],
      ["vi-VN", "dark"],
    ] as const) {
      const context = await browser.newContext({
        locale,
        colorScheme,
        viewport: { width: 360, height: 740 },
        storageState,
      });
      const phone = await context.newPage();
      await openRule(phone, gateway, "rules/everything");
      await openAll(phone);
      const shots = process.env.TRAM_SHOTS;
      if (shots !== undefined)
        await phone.screenshot({ path: join(shots, `${locale}-${colorScheme}.png`), fullPage: true });
      await expectFits(phone);
      await expectAccessible(phone, `${locale} ${colorScheme}`);
      await context.close();
    }
  }, 300_000);
});

/** The sun needs to know where the house is. */
function locate(config: string): void {
  const text = readFileSync(config, "utf8");
  writeFileSync(config, text.replace("timezone: UTC", "timezone: UTC, latitude: 21.03, longitude: 105.85"));
}

/** Opens each part that is closed, and each “More”, however deep. */
async function openAll(page: Page): Promise<void> {
  for (;;) {
    const closed = page.locator('.part-tools [aria-expanded="false"]:visible');
    if ((await closed.count()) === 0) break;
    await closed.first().click();
  }
  const more = page.locator("details.more:not([open]) > summary:visible");
  while ((await more.count()) > 0) await more.first().click();
}

/** Nothing is wider than the screen of a small phone. */
async function expectFits(page: Page): Promise<void> {
  const wide = await page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>("main *")]
      .filter((one) => one.getBoundingClientRect().right > 361 && one.closest(".text-frame") === null)
      .map((one) => one.outerHTML.slice(0, 160)),
  );
  expect(wide.slice(0, 12)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
}
