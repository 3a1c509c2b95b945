import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SECTION_KINDS } from "../../gateway/daemon/src/config/uci/kinds.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { call, MARK } from "./http.ts";
import { expectAccessible, type LuciPage, luciHouse, SESSION } from "./luci.ts";
import { PROBE, publish } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

const EXTRA = `modules: [{ id: greenhouse, use: sim, config: { seed: 1 } }]
cloud: [{ id: up, provider: mqtt, url: "mqtt://127.0.0.1:9" }]`;
const HOSTILE = '<img src=x onerror="window.hostile=1">';
const RULES = `# The house's rules.
- id: greet
  title: Greet the fan
  triggers: [{ id: on, state: { property: greenhouse-fan/fan/on, to: true } }]
  actions: [{ notify: "The fan is on." }]
- id: odd
  title: '${HOSTILE}'
  triggers: [{ id: on, state: { property: greenhouse-fan/fan/on, to: true } }]
  actions: [{ notify: "Odd." }]
`;

const control = (page: Page, thing: string, property: string) =>
  page.locator(`[data-thing="${thing}"] [data-property="${property}"]`);
const rule = (page: Page, id: string) => page.locator(`[data-rule="${id}"]`);

/** What a page calls of rpcd, with the rights of its session. */
function rpc(page: Page, session: string, object: string, method: string, args: object): Promise<unknown> {
  return page.evaluate(
    async (params) => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "call", params });
      return (await fetch("/cgi-bin/luci/admin/ubus", { method: "POST", body })).json();
    },
    [session, object, method, args] as const,
  );
}

describe.skipIf(chromiumMissing())("LuCI's pages in Chromium", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
  });

  test.each(["en", "vi"] as const)(
    "all views (%s): no complaint, every text translated, no accessibility violation",
    async (language) => {
      using folder = temporaryFolder("luci");
      const { config, data } = house(folder.path, { rules: RULES, extra: EXTRA });
      const gateway = await startGateway(config);
      await using _process = gateway.process;
      await using luci = await luciHouse(browser, { folder: folder.path, data });
      for (const view of ["overview", "things", "rules", "settings"]) {
        const { page, complaints } = await luci.open(view, { language });
        await expectAccessible(page, `${view} ${language}`);
        const missing = await page.evaluate(() => [
          ...(window as unknown as { standIn: { missing: Set<string> } }).standIn.missing,
        ]);
        if (language === "vi") expect(missing, view).toEqual([]);
        expect(complaints, `${view} ${language}`).toEqual([]);
        await page.close();
      }
    },
    240_000,
  );

  test("a Thing is switched and the daemon confirms; a wrong value is told at its control; a restart is survived", async () => {
    using folder = temporaryFolder("luci");
    const { config, data } = house(folder.path, { extra: EXTRA });
    const gateway = await startGateway(config);
    const environment = { TRAM_DATA: data };
    await using luci = await luciHouse(browser, { folder: folder.path, data });
    const { page, complaints } = await luci.open("things");
    const fan = control(page, "greenhouse-fan", "fan/on").getByRole("switch");
    expect(await fan.getAttribute("aria-checked")).toBe("false");
    await fan.click();
    await control(page, "greenhouse-fan", "fan/on").getByText("confirmed").waitFor();
    await page.locator('[data-thing="greenhouse-fan"] [role="switch"][aria-checked="true"]').waitFor();
    expect((await tram(["get", "greenhouse-fan", "on"], environment)).stdout).toBe("true\n");

    const speed = control(page, "greenhouse-fan", "fan/speed");
    await speed.getByRole("spinbutton").fill("400");
    await speed.getByRole("button").click();
    await speed.getByText("At most 100.").waitFor();
    await speed.getByRole("spinbutton").fill("40");
    await speed.getByRole("spinbutton").press("Enter");
    await speed.getByText("confirmed").waitFor();
    await speed.getByText("40 %").waitFor();

    await page.getByRole("searchbox").fill("VALVE");
    await page.getByText("1 of 7 Things").waitFor();
    expect(await page.locator("[data-thing]").count()).toBe(1);
    await page.getByRole("searchbox").fill("");

    // What a device calls itself is text, whatever it is.
    const topic = (name: string): string => `homie/5/sneaky/${name}`;
    const description = { homie: "5.0", version: 1, name: HOSTILE, nodes: {} };
    await publish(gateway.mqttPort, PROBE, { topic: topic("$state"), payload: "init", retain: true });
    await publish(gateway.mqttPort, PROBE, {
      topic: topic("$description"),
      payload: JSON.stringify(description),
      retain: true,
    });
    await publish(gateway.mqttPort, PROBE, { topic: topic("$state"), payload: "ready", retain: true });
    await page.getByRole("heading", { name: HOSTILE }).waitFor();
    expect(await page.evaluate(() => "hostile" in window)).toBe(false);
    expect(complaints).toEqual([]);

    // The page's token is gone with the gateway's memory: it takes a new ticket by itself.
    await gateway.process.end("SIGKILL");
    await page.getByText("Tram does not answer.").waitFor();
    const next = await startGateway(config, { TRAM_HTTP_PORT: String(gateway.httpPort) });
    await using _process = next.process;
    await page.getByText("Tram does not answer.").waitFor({ state: "hidden" });
    await fan.click();
    await control(page, "greenhouse-fan", "fan/on").getByText("confirmed").waitFor();
  });

  test("a rule: broken text is told by line and not saved, mended text is, a conflict is told; off, trace, delete, new, mend", async () => {
    using folder = temporaryFolder("luci");
    const { config, data, rulesDir } = house(folder.path, { rules: RULES, extra: EXTRA });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await using luci = await luciHouse(browser, { folder: folder.path, data });
    const { page, complaints } = await luci.open("rules");
    const file = join(rulesDir, "rules.yaml");
    await page.getByRole("heading", { name: HOSTILE }).waitFor();

    const dialog = page.getByRole("dialog");
    const save = dialog.getByRole("button", { name: "Save to the gateway" });
    const text = dialog.getByRole("textbox");
    await rule(page, "greet").getByRole("button", { name: "Edit" }).click();
    await dialog.getByText("The gateway finds nothing wrong.").waitFor();
    const sound = await text.inputValue();
    await text.fill(sound.replace("actions:", "acts:"));
    await dialog.getByText("acts", { exact: false }).first().waitFor();
    await dialog.getByRole("button", { name: "line 4" }).waitFor();
    expect(await save.isDisabled()).toBe(true);
    await expectAccessible(page, "editor");
    expect(readFileSync(file, "utf8")).toBe(RULES);

    await text.fill(sound.replace("The fan is on.", "It turns."));
    await dialog.getByText("The gateway finds nothing wrong.").waitFor();
    // Somebody else was faster: nothing is overwritten, and both texts can be had.
    writeFileSync(file, RULES.replace("The house's rules.", "Changed by hand."));
    await save.click();
    await dialog.getByText("Somebody changed the file of this rule meanwhile.").waitFor();
    expect(readFileSync(file, "utf8")).toContain("The fan is on.");
    await dialog.getByRole("button", { name: "Take the text that is there now" }).click();
    await dialog.getByText("Somebody changed the file of this rule meanwhile.").waitFor({ state: "hidden" });
    await text.fill(sound.replace("The fan is on.", "It turns."));
    await dialog.getByText("The gateway finds nothing wrong.").waitFor();
    await save.click();
    await dialog.waitFor({ state: "hidden" });
    const saved = readFileSync(file, "utf8");
    expect(saved).toContain("# Changed by hand.");
    expect(saved).toContain("It turns.");

    await tram(["set", "greenhouse-fan", "on", "true", "--wait", "5"], { TRAM_DATA: data });
    await rule(page, "greet").getByText("Finished").waitFor();
    await rule(page, "greet").getByRole("button", { name: "Trace" }).click();
    await dialog.locator('[data-outcome="fired"]').first().waitFor();
    await expectAccessible(page, "trace");
    await dialog.getByRole("button", { name: "Close the trace" }).click();

    await rule(page, "greet").getByRole("button", { name: "Switch off" }).click();
    await page.locator('[data-rule="greet"][data-status="disabled"]').waitFor();
    expect((await tram(["rules", "list", "--json"], { TRAM_DATA: data })).stdout).toContain('"disabled"');
    await rule(page, "greet").getByRole("button", { name: "Switch on" }).click();
    await page.locator('[data-rule="greet"][data-status="active"]').waitFor();

    await rule(page, "odd").getByRole("button", { name: "Delete" }).click();
    await dialog.getByRole("button", { name: "Delete the rule" }).click();
    await rule(page, "odd").waitFor({ state: "detached" });
    expect(readFileSync(file, "utf8")).not.toContain("id: odd");

    await page.getByRole("button", { name: "New rule" }).click();
    await text.fill(sound.replace("id: greet", "id: second"));
    await dialog.getByText("The gateway finds nothing wrong.").waitFor();
    await save.click();
    await rule(page, "second").waitFor();

    // A file that is no list of rules is mended as a whole.
    writeFileSync(join(rulesDir, "broken.yaml"), "id: lonely\n");
    await tram(["rules", "check", rulesDir], { TRAM_DATA: data });
    await page.getByRole("button", { name: "Mend the file: broken.yaml" }).click();
    await text.fill("[]\n");
    await save.click();
    await dialog.waitFor({ state: "hidden" });
    expect(readFileSync(join(rulesDir, "broken.yaml"), "utf8")).toBe("[]\n");
    expect(complaints.filter((one) => !/status of 4(?:09|22)/.test(one))).toEqual([]);
    expect(await page.evaluate(() => "hostile" in window)).toBe(false);
  });

  test("overview: problems, the set-up code, the web UI signed in; and what to do when the service does not run", async () => {
    using folder = temporaryFolder("luci");
    const { config, data } = house(folder.path, { extra: EXTRA });
    writeFileSync(
      config,
      readFileSync(config, "utf8").replace("  clients:", "  anonymous: true\n  clients:"),
    );
    const gateway = await startGateway(config);
    await using luci = await luciHouse(browser, { folder: folder.path, data });
    const { page, complaints, context } = await luci.open("overview");
    await page.locator(".tram-wrong").getByText("mqtt.anonymous").waitFor();
    await page.locator('[data-bridge="up"]').getByText("ECONNREFUSED").waitFor();
    await page.locator('[data-module="greenhouse"]').getByText("Up").waitFor();

    await page.getByRole("button", { name: "Show a set-up code" }).click();
    const code = await page.locator(".tram-code").textContent();
    await expectAccessible(page, "overview with a code");
    const made = await call(gateway, "POST", "/api/v1/setup", {
      body: { code, username: "minh", password: "mot mat khau dai" },
      headers: MARK,
    });
    expect(made.status).toBe(204);
    await page.locator(".tram-code").waitFor({ state: "hidden" });

    const opened = context.waitForEvent("page");
    await page.getByRole("button", { name: "Open the web UI of Tram, signed in" }).click();
    const web = await opened;
    await web.getByRole("heading", { name: "Greenhouse fan" }).waitFor();
    expect(new URL(web.url()).search).toBe("");
    expect(complaints).toEqual([]);

    await gateway.process.end("SIGTERM");
    luci.machine.service = { running: false, enabled: false, exitCode: 2 };
    const commands: string[] = [];
    luci.machine.exec = (command) => {
      commands.push(command);
      const refused = { code: 1, stderr: "tram: tram.mqtt.port: expected an integer" };
      return Promise.resolve(command.endsWith("enable") ? { code: 0 } : refused);
    };
    await page.getByText("The Tram service does not run.").waitFor();
    await page.getByText("It ended because of its configuration", { exact: false }).waitFor();
    await page.getByRole("button", { name: "Start the service, now and with the router" }).click();
    await page.getByText("tram.mqtt.port: expected an integer").waitFor();
    expect(commands).toEqual(["/etc/init.d/tram enable", "/etc/init.d/tram start"]);
  });

  test("over HTTPS everything goes through rpcd, under the user's own name", async () => {
    using folder = temporaryFolder("luci");
    const { config, data } = house(folder.path, { rules: RULES, extra: EXTRA });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const [key, cert] = [join(folder.path, "key.pem"), join(folder.path, "cert.pem")];
    const subject = ["-subj", "/CN=127.0.0.1", "-days", "2"];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, ...subject],
      {
        stdio: "ignore",
      },
    );
    const tls = { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
    await using luci = await luciHouse(browser, { folder: folder.path, data, tls });
    const { page, complaints } = await luci.open("things");
    const sent: string[] = [];
    page.on("request", (request) => sent.push(request.url()));
    const fan = control(page, "greenhouse-fan", "fan/on");
    await fan.getByRole("switch").click();
    await fan.getByText("confirmed").waitFor();
    expect(sent.length).toBeGreaterThan(2);
    expect(sent.filter((url) => !url.startsWith(luci.luci.origin))).toEqual([]);
    expect(luci.luci.rpcd.calls).toEqual(
      expect.arrayContaining(["tram.redeem", "tram.read", "tram.request"]),
    );
    expect(gateway.process.stderr).not.toContain("Bearer");

    const rules = await luci.open("rules");
    await rule(rules.page, "greet").getByText("Finished").waitFor();
    await rule(rules.page, "greet").getByRole("button", { name: "Switch off" }).click();
    await rules.page.locator('[data-rule="greet"][data-status="disabled"]').waitFor();
    await gateway.process.until(
      "the change in the log",
      ({ stderr }) => /"by":"luci-root"/.exec(stderr)?.[0],
    );
    expect([...complaints, ...rules.complaints]).toEqual([]);
  });

  test("who may only look sees everything and changes nothing; LuCI's session stays LuCI's", async () => {
    using folder = temporaryFolder("luci");
    const { config, data } = house(folder.path, { rules: RULES, extra: EXTRA });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    await using luci = await luciHouse(browser, { folder: folder.path, data });
    const looks: LuciPage[] = [];
    for (const view of ["overview", "things", "rules", "settings"]) {
      looks.push(await luci.open(view, { user: "guest" }));
    }
    const [overview, things, rules, settings] = looks.map(({ page }) => page) as [Page, Page, Page, Page];
    await overview.getByText("Your LuCI account may not see the code.").waitFor();
    await things.getByRole("heading", { name: "Greenhouse fan" }).waitFor();
    expect(await things.locator("#view button, #view select, #view input:not([type=search])").count()).toBe(
      0,
    );
    const buttons = await rules.locator("#view button").allInnerTexts();
    expect(new Set(buttons)).toEqual(new Set(["Show text", "Trace"]));
    expect(await settings.locator("#view .cbi-value input:enabled").count()).toBe(0);
    expect(await settings.getByRole("button", { name: "Save & Apply" }).count()).toBe(0);
    expect(looks.flatMap(({ complaints }) => complaints)).toEqual([]);

    // Nor does it help to ask rpcd or the gateway oneself.
    for (const method of ["ticket", "setup_code", "request"]) {
      const denied = await rpc(things, SESSION.guest, "tram", method, {});
      expect(denied, method).toMatchObject({ error: { code: -32_002 } });
    }
    const [, ticket] = (
      (await rpc(things, SESSION.guest, "tram", "view_ticket", {})) as {
        result: [number, { ticket: string }];
      }
    ).result;
    const page = await call(gateway, "POST", "/api/v1/session/ticket", { body: { ticket: ticket.ticket } });
    expect(page.body).toMatchObject({ username: "luci-guest", scopes: ["read"] });
    const { token } = page.body as { token: string };
    const path = "/api/v1/clients";
    expect(await rpc(things, SESSION.guest, "tram", "read", { path, token })).toMatchObject({
      result: [0, { status: 403 }],
    });
    // Without the page's token nothing is passed on: the socket's rights are not the guest's.
    for (const without of [{ path }, { path, token: "" }]) {
      expect(await rpc(things, SESSION.guest, "tram", "read", without)).toMatchObject({
        result: [0, { status: 401 }],
      });
    }
    const tricks = ["/sign-on", "/api/v1/../sign-on\r\nX: y", "/api/v1/things HTTP/1.1", "http://x/api/v1/"];
    for (const trick of tricks) {
      expect(await rpc(things, SESSION.guest, "tram", "read", { path: trick, token })).toMatchObject({
        result: [0, { status: 0, code: "invalid" }],
      });
    }

    const seen: { url: string; headers: Record<string, string> }[] = [];
    const own = await luci.open("things");
    own.page.on("request", (request) => seen.push({ url: request.url(), headers: request.headers() }));
    await own.page.reload();
    await own.page.locator("[data-thing]").first().waitFor();
    const toGateway = seen.filter(({ url }) => new URL(url).port === String(gateway.httpPort));
    expect(toGateway.length).toBeGreaterThan(0);
    expect(toGateway.filter(({ headers }) => headers.cookie !== undefined)).toEqual([]);
    expect(seen.filter(({ url }) => url.includes(SESSION.root))).toEqual([]);
  });

  test("settings: every option of the configuration, and no other; what is saved is a configuration", async () => {
    using folder = temporaryFolder("luci");
    const uci =
      "config mqtt 'mqtt'\n\toption port '1883'\n\nconfig account 'kitchen'\n\toption role 'device'\n";
    const { data } = house(folder.path);
    await using luci = await luciHouse(browser, { folder: folder.path, data, uci, running: false });
    const { page, complaints } = await luci.open("settings");
    const shown = await page.evaluate(() =>
      (
        window as unknown as { standIn: { form: () => { described: () => Record<string, string[]> } } }
      ).standIn
        .form()
        .described(),
    );
    // Plain topics are mapped on the gateway's own page, which knows what was heard there.
    const known = [...SECTION_KINDS.values()]
      .filter(({ type }) => type !== "mapping")
      .map(({ type, options }) => [type, [...options.keys()].sort()]);
    expect(
      Object.fromEntries(Object.entries(shown).map(([type, options]) => [type, options.sort()])),
    ).toEqual(Object.fromEntries(known));

    const field = (name: string) => page.locator(`[data-section="mqtt"] [data-name="${name}"]`);
    const apply = page.getByRole("button", { name: "Save & Apply" });
    await field("port").locator("input").fill("99999");
    await apply.click();
    await field("port").getByText("valid port value").waitFor();
    expect(readFileSync(luci.uciFile, "utf8")).toBe(uci);

    await field("port").locator("input").fill("1884");
    await field("durability").locator("select").selectOption("strict");
    await page.locator('[data-section="gateway"] [data-name="latitude"] input').fill("10.78");
    await page.locator('[data-section="http"] [data-name="hosts"] textarea').fill("a.example\nb.example");
    await page.getByRole("button", { name: "Edit kitchen" }).click();
    const dialog = page.getByRole("dialog");
    const password = dialog.locator('[data-name="password"] input');
    expect(await password.getAttribute("type")).toBe("password");
    await password.fill("it's a secret");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByRole("textbox", { name: "Add a module" }).fill("green_house");
    await page.getByRole("button", { name: "Add a module" }).click();
    await dialog.locator('[data-name="use"] input').fill("sim");
    await dialog.locator('[data-name="config"] textarea').fill("[1]");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("Enter a JSON object", { exact: false }).waitFor();
    await dialog.locator('[data-name="config"] textarea').fill('{\n  "seed": 3\n}');
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.waitFor({ state: "hidden" });
    await apply.click();
    await page.getByText("Applied").waitFor();

    const base = join(folder.path, "base.yaml");
    const rendered = await tram(["config", "render", "--uci", luci.uciFile, "--base", base, "--out", "-"]);
    expect(rendered.stderr).toBe("");
    for (const line of [
      "port: 1884",
      "durability: strict",
      "latitude: 10.78",
      "it's a secret",
      "id: green-house",
    ]) {
      expect(rendered.stdout).toContain(line);
    }
    expect(rendered.stdout).toMatch(/- b\.example[\s\S]*seed: 3/);
    expect(complaints).toEqual([]);
  });
});
