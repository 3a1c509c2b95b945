import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { openBrowser } from "./src/browser.ts";
import { startGateway, temporaryFolder } from "./src/processes.ts";

/**
 * Takes the pictures of the README from the real demo: `make screenshots`. They are committed and looked at, not
 * compared, because the greenhouse never looks the same twice.
 */
const ROOT = new URL("..", import.meta.url).pathname;
const FOLDER = join(ROOT, "docs/images");
const ADMIN = { username: "minh", password: "only for the picture" };

mkdirSync(FOLDER, { recursive: true });
using data = temporaryFolder("screenshots");
const gateway = await startGateway(join(ROOT, "examples/demo/tram.yaml"), {
  TRAM_DATA: data.path,
  TRAM_HTTP_PORT: "0",
  TRAM_MQTT_PORT: "0",
});
await using _process = gateway.process;
const setup = await fetch(new URL("api/v1/setup", gateway.web), {
  method: "POST",
  headers: { "content-type": "application/json", "x-tram-request": "1" },
  body: JSON.stringify({ code: gateway.setupCode, ...ADMIN }),
});
const [name = "", value = ""] = (setup.headers.get("set-cookie") ?? "").split(/[=;]/);
const browser = await openBrowser();
try {
  for (const [language, locale, colorScheme] of [
    ["en", "en-GB", "light"],
    ["vi", "vi-VN", "dark"],
  ] as const) {
    const context = await browser.newContext({ locale, colorScheme, viewport: { width: 1200, height: 760 } });
    await context.addCookies([{ name, value, url: gateway.web }]);
    const page = await context.newPage();
    await page.goto(gateway.web);
    await page.getByRole("switch").first().waitFor();
    // The picture shows a house at work: wait until the rule has switched the fan on.
    await page.locator('[role="switch"][aria-checked="true"]').nth(1).waitFor({ timeout: 20_000 });
    await page.screenshot({ path: join(FOLDER, `things-${language}.png`) });
    await context.close();
  }
} finally {
  await browser.close();
}
console.log(`written to ${FOLDER}`);
