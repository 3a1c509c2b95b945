import type { Browser, Locator, Page } from "playwright-core";
import { ADMIN } from "./http.ts";
import { describeDevice, PROBE, publish } from "./mosquitto.ts";
import type { GatewayHandle } from "./processes.ts";

/** Creates the administrator in a browser of its own, and shows the Things. */
export async function enter(
  browser: Browser,
  gateway: GatewayHandle,
  options: Parameters<Browser["newContext"]>[0] = { locale: "en-GB" },
): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  await page.goto(gateway.web);
  await page.locator('[name="code"]').fill(gateway.setupCode ?? "");
  await page.locator('[name="username"]').fill(ADMIN.username);
  await page.locator('[name="password"]').fill(ADMIN.password);
  await page.locator('[name="password"]').press("Enter");
  await page.locator("nav a").first().waitFor();
  return page;
}

/** The page of a rule, once its form or text is there. */
export async function openRule(page: Page, gateway: GatewayHandle, path: string): Promise<void> {
  await page.goto(new URL(path, gateway.web).href);
  await page.locator(".rule-form, textarea").first().waitFor();
}

/** The field at a place of the rule. */
export function field(page: Page, path: string): Locator {
  return page.locator(`[data-path="${path}"]`);
}

/** Chooses a property in the combobox of a part, with the keyboard alone. */
export async function choose(page: Page, path: string, words: string): Promise<void> {
  const combobox = field(page, path);
  await combobox.focus();
  await combobox.press("ArrowDown");
  await page.getByRole("listbox").waitFor();
  await combobox.pressSequentially(words);
  await combobox.press("Enter");
  await page.getByRole("listbox").waitFor({ state: "hidden" });
}

/** What has the focus: its place in the rule, else its name, else its text. */
export function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    // Nothing has it, and the text of the whole page would contain whatever is looked for.
    if (!(element instanceof HTMLElement) || element === document.body) return "";
    return element.dataset.path ?? element.getAttribute("aria-label") ?? element.textContent;
  });
}

/** Devices that describe themselves over MQTT: a sensor, a fan, a button, and a display that never reports. */
export async function furnish(gateway: GatewayHandle): Promise<void> {
  const { mqttPort } = gateway;
  await describeDevice(mqttPort, PROBE, "sensor", {
    air: { temperature: { datatype: "float", unit: "°C" }, door: { datatype: "boolean" } },
  });
  await describeDevice(mqttPort, PROBE, "fan", {
    fan: {
      on: { datatype: "boolean", settable: true },
      level: { datatype: "integer", format: "0:3", settable: true },
      mode: { datatype: "enum", format: "eco,turbo", settable: true },
    },
    button: { press: { datatype: "enum", format: "press,double", retained: false } },
  });
}

/** One value of one of them, at QoS 1: the gateway has it when this resolves. */
export function report(gateway: GatewayHandle, property: string, payload: string): Promise<void> {
  return publish(gateway.mqttPort, PROBE, { topic: `homie/5/${property}`, payload, retain: true });
}

/** Walks by the Tab key to what is named so: its place in the rule, its name or its text begins or ends with that. */
export async function tabTo(page: Page, name: string, way: "on" | "back" = "on"): Promise<void> {
  let at = "";
  for (let steps = 0; steps < 120; steps++) {
    at = await focused(page);
    if (at === name || at.endsWith(name)) return;
    await page.keyboard.press(way === "on" ? "Tab" : "Shift+Tab");
  }
  throw new Error(`the Tab key never came to ${name}, last to ${at}`);
}
