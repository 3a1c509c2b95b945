import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";
import {
  type LuciHandle,
  type LuciOptions,
  openLuci,
} from "../../packages-openwrt/luci-app-tram/testing/server/luci-server.ts";
import type { LuciUser, Machine } from "../../packages-openwrt/luci-app-tram/testing/server/rpcd.ts";

const GROUPS = ["luci-app-tram", "luci-app-tram-settings"];
/** Who may everything, and who may look. */
const USERS = {
  root: { username: "root", read: GROUPS, write: GROUPS },
  guest: { username: "guest", read: GROUPS, write: [] },
} satisfies Record<string, LuciUser>;

export const SESSION = {
  root: "00000000000000000000000000000001",
  guest: "00000000000000000000000000000002",
};

/** Everything that belongs to one LuCI of a test. */
export interface LuciHouse extends AsyncDisposable {
  readonly luci: LuciHandle;
  readonly machine: Machine;
  readonly uciFile: string;
  /** Opens a view, and waits for it. What the page complained about is in `complaints`. */
  open(view: string, options?: { user?: keyof typeof USERS; language?: "en" | "vi" }): Promise<LuciPage>;
}

export interface LuciPage {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly complaints: string[];
}

/** Starts the stand-in of LuCI beside a gateway whose data folder is `data`. */
export async function luciHouse(
  browser: Browser,
  parts: { folder: string; data: string; uci?: string; running?: boolean; tls?: LuciOptions["tls"] },
): Promise<LuciHouse> {
  const uciFile = join(parts.folder, "uci-tram");
  writeFileSync(uciFile, parts.uci ?? "config service 'service'\n\toption enabled '1'\n");
  const machine: Machine = {
    uciFile,
    service: { running: parts.running ?? true, enabled: true },
    exec: () => Promise.resolve({ code: 0 }),
  };
  const socketPath = (): string => join(parts.data, "tram.sock");
  const luci = await openLuci({
    machine,
    socketPath,
    ...(parts.tls === undefined ? {} : { tls: parts.tls }),
  });
  for (const name of ["root", "guest"] as const) luci.rpcd.signIn(SESSION[name], USERS[name]);
  const contexts: BrowserContext[] = [];
  return {
    luci,
    machine,
    uciFile,
    open: async (view, { user = "root", language = "en" } = {}) => {
      const context = await browser.newContext({ locale: "en-GB", ignoreHTTPSErrors: true });
      contexts.push(context);
      await context.addCookies([luci.cookie(SESSION[user])]);
      const page = await context.newPage();
      const complaints: string[] = [];
      page.on("pageerror", (error) => complaints.push(error.stack ?? error.message));
      page.on("console", (message) => {
        if (message.type() === "error") complaints.push(message.text());
      });
      await page.goto(luci.view(view, language));
      try {
        await page.locator("#view[data-ready]").waitFor({ timeout: 10_000 });
      } catch (error) {
        throw new Error(`${view}: ${complaints.join("\n")}\n${await page.locator("#view").textContent()}`, {
          cause: error,
        });
      }
      return { page, context, complaints };
    },
    [Symbol.asyncDispose]: async () => {
      for (const context of contexts) await context.close();
      await luci[Symbol.asyncDispose]();
    },
  };
}

/** No accessibility violation, in what the package renders. */
export async function expectAccessible(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" ")}`,
  );
  expect(told, where).toEqual([]);
}
