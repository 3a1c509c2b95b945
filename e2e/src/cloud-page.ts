import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AwsIot, type Enrollment, type PolicyDocument, type PolicyStatement } from "@tram/testkit";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { rawCall } from "./http.ts";
import type { GatewayHandle } from "./processes.ts";

/** Where pictures for people are put; nobody compares them. */
const PICTURES = process.env.TRAM_PICTURES;

/** The first policy of a guide's page. */
export function policyOf(page: string): PolicyDocument & { readonly Statement: readonly PolicyStatement[] } {
  const guide = readFileSync(join(import.meta.dirname, "../../docs/guide", page), "utf8");
  const [, text = ""] = /```json\n(\{\n {2}"Version"[\s\S]*?)\n```/.exec(guide) ?? [];
  return JSON.parse(text) as ReturnType<typeof policyOf>;
}

/** A phone and a desk, each with a language and a theme, and what the page says there. */
export const LOOKS = [
  [
    "vi-VN",
    "dark",
    360,
    {
      add: "Thêm đám mây",
      kind: "Máy chủ MQTT bất kỳ",
      taken: "Đã có đám mây mang tên này.",
      failed: "Hỏng",
      advice: "Xem lại tên người dùng và mật khẩu",
      works: "Đã thêm",
      check: "Kiểm tra",
    },
  ],
  [
    "en-GB",
    "light",
    1_280,
    {
      add: "Add a cloud",
      kind: "Any MQTT broker",
      taken: "There is a cloud of this name already.",
      failed: "Failed",
      advice: "Look at user name and password",
      works: "is added and works",
      check: "Check",
    },
  ],
] as const;

/** The double of AWS, with the policies of the guides, a template, and a claim for it. */
export async function openAws(): Promise<{ readonly aws: AwsIot; readonly claim: Enrollment }> {
  const aws = await AwsIot.open();
  const claim = aws.enroll("claim", [policyOf("cloud-provisioning.md")]);
  const { Version, Statement } = policyOf("cloud-aws.md");
  const renewing = policyOf("cloud-provisioning.md").Statement.slice(1);
  aws.registry.putPolicy("gateway", { Version, Statement: [...Statement, ...renewing] });
  aws.provisioning.putTemplate("tram-gateways", {
    body: {
      Parameters: { SerialNumber: { Type: "String" }, "AWS::IoT::Certificate::Id": { Type: "String" } },
      Resources: {
        thing: { Type: "AWS::IoT::Thing", Properties: { ThingName: { Ref: "SerialNumber" } } },
        certificate: {
          Type: "AWS::IoT::Certificate",
          Properties: { CertificateId: { Ref: "AWS::IoT::Certificate::Id" }, Status: "Active" },
        },
        policy: { Type: "AWS::IoT::Policy", Properties: { PolicyName: "gateway" } },
      },
    },
  });
  return { aws, claim };
}

interface Shift extends PerformanceEntry {
  readonly value: number;
  readonly hadRecentInput: boolean;
  readonly sources: readonly { readonly node?: Node | null }[];
}

/** Notes what moves without having been asked to (web.dev, "Cumulative Layout Shift"). @returns how much, and what. */
export async function watchShifts(page: Page): Promise<() => Promise<{ sum: number; what: string[] }>> {
  await page.addInitScript(() => {
    const seen: { sum: number; what: string[] } = { sum: 0, what: [] };
    Object.assign(window, { shifts: seen });
    new PerformanceObserver((list) => {
      for (const { hadRecentInput, sources, value } of list.getEntries() as Shift[]) {
        // A bridge more makes the header's state longer, and on a phone that has a line of its own then.
        const header = sources.some(({ node }) => (node as Element | null)?.closest?.(".header"));
        if (hadRecentInput || header) continue;
        seen.sum += value;
        seen.what.push(
          `${value.toFixed(3)} ${sources.map(({ node }) => (node as Element | null)?.className ?? node?.nodeName)}`,
        );
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
  return () => page.evaluate(() => (window as unknown as { shifts: { sum: number; what: string[] } }).shifts);
}

/** Chooses a file as people do: by the button, in the window that opens. */
export async function choose(page: Page, label: string, path: string): Promise<void> {
  const [chooser] = await Promise.all([
    page.waitForEvent("filechooser"),
    page.getByRole("button", { name: `Choose a file: ${label}` }).click(),
  ]);
  await chooser.setFiles(path);
}

/** The name of the field that has the focus. */
export function fieldOf(page: Page): Promise<string> {
  return page.evaluate(() => (document.activeElement as HTMLInputElement).name);
}

export async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `${name}.png`), fullPage: true });
}

/** A visitor from LuCI who may read alone. */
export async function guestOf(
  browser: Browser,
  gateway: GatewayHandle,
  data: string,
): Promise<BrowserContext> {
  const ticket = await rawCall({ socketPath: join(data, "tram.sock") }, "POST", "/api/v1/tickets", {
    body: { username: "guest", scopes: ["read"] },
  });
  const opened = await fetch(new URL("/sign-on", gateway.web), {
    method: "POST",
    redirect: "manual",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: `ticket=${(ticket.body as { ticket: string }).ticket}`,
  });
  const [name = "", value = ""] = (opened.headers.get("set-cookie") ?? "").split(/[=;]/);
  const context = await browser.newContext({ locale: "en-GB" });
  await context.addCookies([{ name, value, url: gateway.web }]);
  return context;
}
