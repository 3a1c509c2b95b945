import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { messages, mosquittoMissing, PROBE, subscribe } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder } from "./processes.ts";
import { choose, enter, field, focused, furnish, openRule, report } from "./rule-page.ts";

const RULES = `# Rules of the house

- id: evening   # by Lan
  title: Evening light
  triggers: [{ time: "19:00" }]
  # only when somebody is there
  actions:
    - notify: Good evening   # everybody

- id: other
  triggers: [{ time: "06:00" }]
  actions: [{ notify: x }]
`;

describe.skipIf(chromiumMissing() || mosquittoMissing())("the rule form in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());

  test("a rule made by mouse and keyboard fires; the form offers what the Things allow, with units", async () => {
    using folder = temporaryFolder("form");
    const { config, rulesDir } = house(folder.path, { rules: RULES });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await furnish(gateway);
    const page = await enter(browser, gateway);
    await page.getByRole("link", { name: "Rules" }).click();
    await page.getByRole("link", { name: "New rule" }).click();
    await expect.poll(() => focused(page)).toBe("New rule");
    await page.getByLabel("Title", { exact: true }).fill("Quạt khi nóng");
    const id = page.getByLabel("Id", { exact: true });
    expect(await id.inputValue()).toBe("quat-khi-nong");
    // An id that is taken is told at once, the rest of an unfinished rule is not.
    await id.fill("evening");
    await page.getByText("Another rule has this id.").first().waitFor();
    expect(await page.locator(".field-problem").count()).toBe(1);
    await id.fill("");
    await page.getByLabel("Title", { exact: true }).fill("Quạt lúc nóng");
    expect(await id.inputValue()).toBe("quat-luc-nong");

    await page.getByRole("button", { name: "Add: A number crosses a limit" }).click();
    // The new part has the focus; only the numbers of the house are offered, by Thing.
    const property = field(page, "triggers[0].numeric.property");
    await expect.poll(() => focused(page)).toBe("triggers[0].numeric.property");
    await property.press("ArrowDown");
    const list = page.getByRole("listbox");
    expect(await list.getByRole("group").evaluateAll((all) => all.map((one) => one.ariaLabel))).toEqual([
      "fan",
      "sensor",
    ]);
    expect(await list.getByRole("option").allTextContents()).toEqual([
      "fan · levelfan/fan/level",
      "sensor · temperature (°C)sensor/air/temperature",
    ]);
    await property.press("Escape");
    await choose(page, "triggers[0].numeric.property", "temp");
    // Key by key: what is half-typed is not taken away.
    await page.getByLabel("Above (°C)").pressSequentially("-0.05");
    expect(await page.getByLabel("Above (°C)").inputValue()).toBe("-0.05");
    await page.getByLabel("Above (°C)").fill("30,0");
    await page.getByLabel("For at least", { exact: true }).fill("0.2");

    await page.getByRole("button", { name: "Add: Set a value" }).click();
    await field(page, "actions[0].set").press("ArrowDown");
    expect(await list.getByRole("option").allTextContents()).toEqual([
      "fan · onfan/fan/on",
      "fan · levelfan/fan/level",
      "fan · modefan/fan/mode",
    ]);
    await field(page, "actions[0].set").press("Escape");
    await choose(page, "actions[0].set", "fan mode");
    expect(await field(page, "actions[0].value").locator("option").allTextContents()).toEqual([
      "eco",
      "turbo",
    ]);
    await choose(page, "actions[0].set", "fan level");
    await page.getByText("0 to 3").waitFor();
    await choose(page, "actions[0].set", "fan on");
    expect(await field(page, "actions[0].value").getAttribute("aria-checked")).toBe("true");

    // A unit stays while the amount is written anew.
    await page.getByRole("button", { name: "Add: Wait" }).click();
    await page.getByLabel("How long", { exact: true }).fill("");
    expect(await page.getByLabel("How long: Unit").inputValue()).toBe("m");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Not saved: mend 1 problem first.").waitFor();
    expect(await field(page, "actions[1].delay").getAttribute("aria-invalid")).toBe("true");
    await page.getByRole("button", { name: /Then, part 2: Enter a number/ }).click();
    await expect.poll(() => focused(page)).toBe("actions[1].delay");
    await page.keyboard.type("1");
    await page.getByLabel("How long: Unit").selectOption("s");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: "Rule Quạt lúc nóng" }).waitFor();
    await page.getByText("Saved.", { exact: true }).waitFor();
    expect(readFileSync(join(rulesDir, "rules.yaml"), "utf8")).toBe(`${RULES}
- id: quat-luc-nong
  title: Quạt lúc nóng
  triggers:
    - { numeric: { property: sensor/air/temperature, above: 30 }, for: 0.2s }
  actions:
    - { set: fan/fan/on, value: true }
    - { delay: 1s }
`);

    await using actuator = await subscribe(gateway.mqttPort, PROBE, "homie/5/fan/fan/on/set");
    await report(gateway, "sensor/air/temperature", "31");
    await actuator.until("the command", () => (messages(actuator).length > 0 ? true : undefined));
    // All that happened is told, as it happens.
    await page.getByText("Finished").waitFor();
    await expect
      .poll(async () => (await page.locator(".editor-traces .chip").allTextContents()).slice(0, 5))
      .toEqual(expect.arrayContaining(["Fired", "Action", "Finished"]));
    await page.context().close();
  });

  test("form and YAML are one rule: comments survive, and what was typed last is never lost", async () => {
    using folder = temporaryFolder("form");
    const { config, rulesDir } = house(folder.path, { rules: RULES });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const page = await enter(browser, gateway);
    await openRule(page, gateway, "rules/evening");
    await page.getByLabel("At", { exact: true }).fill("18:30");
    await page.getByRole("button", { name: "Duplicate" }).last().click();
    await page.getByLabel("Text", { exact: true }).nth(1).fill("Again");
    // At once, before the gateway was asked.
    await page.getByRole("button", { name: "YAML" }).click();
    const text = page.getByLabel("The rule as YAML");
    await text.waitFor();
    expect(await text.inputValue()).toBe(`id: evening   # by Lan
title: Evening light
triggers: [ { time: "18:30" } ]
# only when somebody is there
actions:
  - notify: Good evening # everybody
  - { notify: Again }
`);

    // And back: the form shows what was typed a moment ago, and goes on from there.
    await text.fill((await text.inputValue()).replace("Evening light", "Late light # warm"));
    await page.getByRole("button", { name: "Form" }).click();
    const title = page.getByLabel("Title", { exact: true });
    await title.waitFor();
    expect(await title.inputValue()).toBe("Late light");
    await page.getByLabel("Description").fill("For the terrace");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.", { exact: true }).waitFor();
    const saved = readFileSync(join(rulesDir, "rules.yaml"), "utf8");
    expect(saved).toContain(`- id: evening   # by Lan
  title: Late light # warm
  description: For the terrace
  triggers: [ { time: "18:30" } ]
  # only when somebody is there
  actions:
    - notify: Good evening # everybody
    - { notify: Again }
`);
    // The Tab key leads on.
    await page.getByRole("button", { name: "YAML" }).click();
    await text.press("Tab");
    expect(await text.evaluate((element) => element === document.activeElement)).toBe(false);
    expect(await text.inputValue()).not.toContain("\t");
    await page.context().close();
  });

  test("problems stand at their line and at their field; nobody overwrites another", async () => {
    using folder = temporaryFolder("form");
    const { config, rulesDir } = house(folder.path, { rules: RULES });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const file = join(rulesDir, "rules.yaml");
    const page = await enter(browser, gateway);
    await openRule(page, gateway, "rules/evening");
    await page.getByRole("button", { name: "YAML" }).click();
    const text = page.getByLabel("The rule as YAML");
    const source = await text.inputValue();
    await text.fill(source.replace("19:00", "25:30"));
    const mark = page.locator('.gutter [data-wrong="true"]');
    await mark.waitFor();
    expect(await mark.textContent()).toBe("3");
    await page.getByRole("button", { name: /line 3, When, part 1: Enter a time of day/ }).click();
    expect(
      await text.evaluate((area: HTMLTextAreaElement) =>
        area.value.slice(area.selectionStart, area.selectionEnd),
      ),
    ).toBe('triggers: [{ time: "25:30" }]');
    await page.getByRole("button", { name: "Form" }).click();
    await page.getByLabel("At", { exact: true }).waitFor();
    expect(await page.getByLabel("At", { exact: true }).getAttribute("aria-invalid")).toBe("true");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Not saved: mend 1 problem first.").waitFor();
    expect(readFileSync(file, "utf8")).toBe(RULES);

    // What cannot be read at all leaves only the text.
    await page.getByRole("button", { name: "YAML" }).click();
    await text.fill(`${source}\n[`);
    await page.getByText("The form cannot show this text").waitFor();
    const form = page.getByRole("button", { name: "Form" });
    expect(await form.getAttribute("aria-disabled")).toBe("true");
    await text.fill(source.replace("19:00", "18:30"));
    await expect.poll(() => form.getAttribute("aria-disabled")).toBe("false");

    // Another rule of the file is nobody's conflict.
    const others = RULES.replace("06:00", "05:00");
    writeFileSync(file, others);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.", { exact: true }).waitFor();
    expect(readFileSync(file, "utf8")).toBe(others.replace("19:00", "18:30"));

    // This one is: theirs can be looked at and loaded, or mine is edited on and put in its place.
    await text.fill(source.replace("Good evening", "Mine"));
    writeFileSync(file, others.replace("Good evening", "Theirs"));
    await page.getByRole("button", { name: "Save" }).click();
    const conflict = page.getByText("somebody changed this rule meanwhile");
    await conflict.waitFor();
    await page.getByText("Their version").click();
    await page.locator("details pre", { hasText: "Theirs" }).waitFor();
    await page.getByRole("button", { name: "Keep editing" }).click();
    await conflict.waitFor({ state: "hidden" });
    expect(await text.inputValue()).toContain("Mine");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Save mine over it" }).click();
    await page.getByText("Saved.", { exact: true }).waitFor();
    expect(readFileSync(file, "utf8")).toBe(others.replace("Good evening", "Mine"));
    await text.fill(source.replace("Good evening", "Mine again"));
    writeFileSync(file, others.replace("Good evening", "Theirs"));
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Load theirs" }).click();
    await conflict.waitFor({ state: "hidden" });
    expect(await text.inputValue()).toContain("Theirs");

    // Gone altogether: it can be added again.
    await text.fill(source.replace("Good evening", "Back"));
    writeFileSync(file, `[]\n`);
    await page.getByText("What it did").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("somebody deleted this rule meanwhile").waitFor();
    await page.getByRole("button", { name: "Save it as a new rule" }).click();
    await page.getByText("Saved.", { exact: true }).waitFor();
    expect(readFileSync(file, "utf8")).toContain("notify: Back");
    await page.context().close();
  });
});
