import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export function chromiumMissing(): string | false {
  if (PATHS.some((path) => existsSync(path))) return false;
  if (process.env.CI === "true") throw new Error("chromium is missing: run scripts/test-tools.sh");
  return "chromium is not installed";
}

/** The real browser, kept from calling home. */
export function openBrowser(): Promise<Browser> {
  const executablePath = PATHS.find((path) => existsSync(path));
  return chromium.launch({
    ...(executablePath === undefined ? {} : { executablePath }),
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Walks through a page; whoever gets stuck there says what the page showed. */
export async function onPage(page: Page, walk: (page: Page) => Promise<void>): Promise<void> {
  try {
    await walk(page);
  } catch (error) {
    const shown = await page
      .locator("body")
      .ariaSnapshot({ timeout: 10_000 })
      .catch((reason: unknown) => `nothing that can be read: ${String(reason)}`);
    throw new Error(`${(error as Error).message}\non ${page.url()}, which showed\n${shown}`, {
      cause: error,
    });
  }
}
