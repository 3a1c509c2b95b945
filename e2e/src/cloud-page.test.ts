import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { AwsIot, Bluemix, type Enrollment } from "@tram/testkit";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { expectAccessible } from "./accessible.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { choose, fieldOf, guestOf, LOOKS, openAws, picture, policyOf, watchShifts } from "./cloud-page.ts";
import { describeDevice, mosquittoMissing, PROBE, publish } from "./mosquitto.ts";
import { freePort, house, startGateway, temporaryFolder, tram } from "./processes.ts";
import { enter, focused, tabTo } from "./rule-page.ts";

const PATIENCE = { timeout: 30_000 };
const kept = (data: string): readonly string[] =>
  existsSync(join(data, "cloud")) ? readdirSync(join(data, "cloud")) : [];

describe.skipIf(chromiumMissing() || mosquittoMissing())("clouds on the page", () => {
  let browser: Browser;
  let aws: AwsIot;
  let claim: Enrollment;
  let folder: ReturnType<typeof temporaryFolder>;
  const file = (name: string): string => join(folder.path, name);
  beforeAll(async () => {
    browser = await openBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    folder = temporaryFolder("cloud-page");
    ({ aws, claim } = await openAws());
    writeFileSync(file("claim.pem"), claim.certificate);
    writeFileSync(file("claim.key"), claim.key);
    writeFileSync(file("root.pem"), aws.rootCa);
  });
  afterEach(async () => {
    await aws[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  test("a gateway is brought into AWS: mistakes are told with what to do, it works, it is renewed and removed", async () => {
    const mqttPort = await freePort();
    const { config, data } = house(folder.path, { mqttPort });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    // Another cloud, whose endpoint and claims are not those of ours.
    await using other = await AwsIot.open({ server: { names: ["other-ats.iot.example"] } });
    const foreign = other.enroll("claim", []);
    writeFileSync(file("other.pem"), other.rootCa);
    writeFileSync(file("foreign.pem"), foreign.certificate);
    writeFileSync(file("foreign.key"), foreign.key);

    const page = await enter(browser, gateway, { locale: "en-GB", viewport: { width: 390, height: 844 } });
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    const logged: string[] = [];
    page.on("console", (message) => logged.push(message.text()));
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.getByRole("link", { name: /^System/ }).click();
    await page.getByRole("link", { name: "Bring the gateway into a cloud" }).click();
    await page.getByRole("button", { name: "Add a cloud" }).click();
    await expect.poll(() => focused(page)).toBe("Add a cloud");

    // Nothing is sent before it can be right, and the focus goes where something is missing.
    await page.getByRole("button", { name: "Check and add" }).click();
    await page.getByText("Mend 4 fields first.").waitFor();
    await expect.poll(() => fieldOf(page)).toBe("endpoint");
    await page.getByLabel("Endpoint").fill(`https://${aws.host}/`);
    await page.getByText("The name of the host alone, without https://").waitFor();
    await choose(page, "Claim certificate", file("claim.key"));
    await page.getByText("There is a private key in it. Only the certificate belongs here").waitFor();
    await choose(page, "Private key of the claim", file("claim.pem"));
    await page.getByText("There is a certificate in it. The private key alone belongs here.").waitFor();
    expect(asked.filter((url) => url.endsWith("/api/v1/clouds")).length).toBe(1);
    await picture(page, "mistakes-phone-en-light");

    // A claim of another account; the wrong endpoint is the other account's.
    await page.getByLabel("Endpoint").fill(other.host);
    await page.getByLabel("Port").fill(String(other.port));
    await choose(page, "Claim certificate", file("foreign.pem"));
    await choose(page, "Private key of the claim", file("foreign.key"));
    await page.getByText("foreign.key").waitFor();
    await page.getByLabel("Provisioning template").fill("tram-gateways");
    await page.getByLabel("Parameter 1", { exact: true }).fill("SerialNumber");
    await page.getByLabel("Value 1", { exact: true }).fill("farm");
    await page.getByText("More settings").click();
    await choose(page, "Certificate of the authority (optional)", file("other.pem"));
    await page.getByLabel("Name on this gateway").fill("up");
    const step = (name: string) => page.locator(".check-steps li", { hasText: name });
    await page.getByRole("button", { name: "Check and add" }).click();
    await step("Who answers").getByText("Failed").waitFor(PATIENCE);
    await step("Who answers").getByText("The certificate there is for another name.").waitFor();
    await step("Who answers")
      .getByText(/^What to do: .*spelling of the address/)
      .waitFor();
    expect(await step("Way to it").textContent()).toContain("Good");
    expect(await step("A message").textContent()).toBe("A messageNot tried");
    const told = await page
      .locator('[role="status"]', { hasText: "It fails at: Who answers. Nothing of it is kept." })
      .textContent();
    expect(told).toMatch(/another name.*spelling of the address/);
    await picture(page, "wrong-endpoint-phone-en-light");

    await page.getByLabel("Port").fill(String(aws.port));
    await page.getByRole("button", { name: /^Choose another: Certificate of the authority/ }).click();
    await choose(page, "Certificate of the authority (optional)", file("root.pem"));
    await page.getByRole("button", { name: "Check and add" }).click();
    await step("Signing in").getByText("Failed").waitFor(PATIENCE);
    await step("Signing in")
      .getByText(/^What to do: .*is the certificate active/)
      .waitFor();
    await picture(page, "wrong-claim-phone-en-light");
    expect(kept(data)).toEqual([]);

    // The right one: one of the two is pasted, with the lines as a mail has broken them.
    await page.getByRole("button", { name: "Choose another: Claim certificate" }).click();
    await choose(page, "Claim certificate", file("claim.pem"));
    await page.getByRole("button", { name: "Choose another: Private key of the claim" }).click();
    await page.getByRole("button", { name: "Paste: Private key of the claim" }).click();
    const place = page.getByRole("textbox", { name: /^Paste the whole text.*Private key of the claim$/ });
    await place.fill(claim.key.slice(0, 100));
    await page.getByText("This is cut off or damaged.").waitFor();
    await place.fill(claim.key.replaceAll("\n", "\r\n  "));
    await place.waitFor({ state: "detached" });
    await expect.poll(() => focused(page)).toBe("Choose another: Private key of the claim");
    const [, secret = ""] = claim.key.split("\n");
    expect(await page.content()).not.toContain(secret);
    await page.getByRole("button", { name: "Check and add" }).click();
    await page.getByText("up is added and works. The cloud calls this gateway farm.").waitFor(PATIENCE);
    await page.getByRole("heading", { name: "up aws-iot" }).waitFor();
    const card = page.getByRole("article", { name: "up aws-iot" });
    await card.getByText("Online", { exact: true }).waitFor(PATIENCE);
    expect(kept(data)).toEqual(["up"]);
    expect(await focused(page)).toBe("Cloud bridge");

    // Nothing of the key is left in the browser, nor was any in what it has asked for and written down.
    const stores = await page.evaluate(() => JSON.stringify([localStorage, sessionStorage, history.state]));
    for (const text of [await page.content(), stores, ...logged, ...asked])
      expect(text).not.toContain(secret);
    for (const text of [gateway.process.stdout, gateway.process.stderr]) expect(text).not.toContain(secret);

    await card.getByRole("button", { name: "Check: up" }).click();
    await card.getByText(/^(?:Every step is good\.|It works, but A message)/).waitFor(PATIENCE);
    await picture(page, "added-phone-en-light");
    const key = readFileSync(join(data, "cloud/up/key.pem"), "utf8");
    await card.getByRole("button", { name: "Renew certificate: up" }).click();
    await page.getByText(/^up has a new certificate, good until .*\d{4}\.$/).waitFor(PATIENCE);
    expect(readFileSync(join(data, "cloud/up/key.pem"), "utf8")).not.toBe(key);

    // Who may only look sees the bridge, and nothing to press.
    const guests = await guestOf(browser, gateway, data);
    const guest = await guests.newPage();
    await guest.goto(new URL("system/cloud", gateway.web).href);
    await guest.getByRole("heading", { name: "up aws-iot" }).waitFor();
    expect(await guest.locator("main button").count()).toBe(0);

    // What waits is told before it is lost.
    await card.getByText("Online", { exact: true }).waitFor(PATIENCE);
    await aws.stop();
    await card.getByText("Offline", { exact: true }).waitFor(PATIENCE);
    await describeDevice(mqttPort, PROBE, "meter", { tank: { level: { datatype: "float" } } });
    for (const payload of ["1", "2", "3"]) {
      await publish(mqttPort, PROBE, { topic: "homie/5/meter/tank/level", payload, retain: true });
    }
    await card.getByText(/^Readings 3$/).waitFor(PATIENCE);
    const questions: string[] = [];
    page.on("dialog", (dialog) => {
      questions.push(dialog.message());
      void (questions.length === 1 ? dialog.dismiss() : dialog.accept());
    });
    await card.getByRole("button", { name: "Remove: up" }).click();
    await expect.poll(() => questions.length).toBe(1);
    expect(kept(data)).toEqual(["up"]);
    await card.getByRole("button", { name: "Remove: up" }).click();
    await page.getByText(/^up is removed, and with it \d+ messages that had waited\.$/).waitFor();
    expect(questions).toEqual(Array(2).fill(expect.stringMatching(/^Remove up\? \d+ messages still wait/)));
    await card.waitFor({ state: "detached" });
    await guest.getByRole("heading", { name: "up aws-iot" }).waitFor({ state: "detached" });
    expect(kept(data)).toEqual([]);
    const listed = await tram(["cloud", "list", "--json"], { TRAM_DATA: data });
    expect(JSON.parse(listed.stdout)).toEqual({ clouds: [] });
    expect(complaints).toEqual([]);
    await guests.close();
    await page.context().close();
  }, 240_000);

  test("a certificate that is there already, exchanged for another; and IBM by its token", async () => {
    const { config, data } = house(folder.path);
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const policy = policyOf("cloud-aws.md");
    const pairs = { first: aws.enroll("house", [policy]), next: aws.enroll("house", [policy]) };
    for (const [name, { certificate, key }] of Object.entries(pairs)) {
      writeFileSync(file(`${name}.pem`), certificate);
      writeFileSync(file(`${name}.key`), key);
    }
    const page = await enter(browser, gateway);
    await page.goto(new URL("system/cloud", gateway.web).href);
    await page.getByRole("button", { name: "Add a cloud" }).click();
    await page.getByLabel("AWS IoT Core, with a certificate").check();
    await page.getByLabel("Endpoint").fill(aws.host);
    await page.getByLabel("Port").fill(String(aws.port));
    await choose(page, "Certificate of this gateway", file("first.pem"));
    await choose(page, "Its private key", file("next.key"));
    await page.getByText("More settings").click();
    await choose(page, "Certificate of the authority (optional)", file("root.pem"));
    await page.getByRole("button", { name: "Check and add" }).click();
    const settings = page.locator(".check-steps li", { hasText: "Settings" });
    await settings.getByText("our private key is not that of our certificate").waitFor(PATIENCE);
    await settings.getByText("Certificate and key do not belong together.").waitFor();
    await settings.getByText("What to do: Give the two that were made together.").waitFor();
    await page.getByRole("button", { name: "Choose another: Its private key" }).click();
    await choose(page, "Its private key", file("first.key"));
    await page.getByRole("button", { name: "Check and add" }).click();
    await page.getByText("aws is added and works. The cloud calls this gateway house.").waitFor(PATIENCE);
    const card = page.getByRole("article", { name: "aws aws-iot" });
    await card.getByText("Online", { exact: true }).waitFor(PATIENCE);
    expect(await card.getByRole("button", { name: "Renew certificate: aws" }).count()).toBe(0);

    const keyOf = () => readFileSync(join(data, "cloud/aws/key.pem"), "utf8");
    const before = keyOf();
    await card.getByRole("button", { name: "Replace certificate: aws" }).click();
    const form = page.getByRole("form", { name: "Replace certificate: aws" });
    await form.getByRole("button", { name: "Replace certificate" }).click();
    await expect.poll(() => focused(page)).toBe("Choose a file: Certificate of this gateway");
    await choose(page, "Certificate of this gateway", file("next.pem"));
    await choose(page, "Its private key", file("first.key"));
    await form.getByRole("button", { name: "Replace certificate" }).click();
    await card.getByText(/our private key is not that of our certificate/).waitFor(PATIENCE);
    expect(keyOf()).toBe(before);
    await form.getByRole("button", { name: "Choose another: Its private key" }).click();
    await choose(page, "Its private key", file("next.key"));
    await picture(page, "replace-desk-en-light");
    await form.getByRole("button", { name: "Replace certificate" }).click();
    await page.getByText(/^aws has a new certificate, good until/).waitFor(PATIENCE);
    await form.waitFor({ state: "detached" });
    expect(keyOf()).not.toBe(before);

    await using ibm = await Bluemix.open();
    ibm.registry.addGateway({ type: "tram-gateway", id: "house" }, "planted-token");
    writeFileSync(file("ibm.pem"), ibm.rootCa);
    await page.getByRole("button", { name: "Add a cloud" }).click();
    await page.getByLabel("IBM Maximo Monitor").check();
    await page.getByLabel("Host").fill(ibm.host);
    await page.getByLabel("Port").fill(String(ibm.port));
    await page.getByLabel("Organisation").fill(ibm.registry.org);
    await page.getByLabel("Device type of the gateway").fill("tram-gateway");
    await page.getByLabel("Authentication token").fill("planted-wrong");
    await choose(page, "Certificate of the authority (optional)", file("ibm.pem"));
    await page.getByRole("button", { name: "Check and add" }).click();
    const signing = page.locator(".check-steps li", { hasText: "Signing in" });
    await signing.getByText(/^What to do: /).waitFor(PATIENCE);
    await page.getByLabel("Authentication token").fill("planted-token");
    await page.getByRole("button", { name: "Check and add" }).click();
    await page.getByText("ibm is added and works.").waitFor(PATIENCE);
    const other = page.getByRole("article", { name: "ibm bluemix" });
    await other.getByText("Online", { exact: true }).waitFor(PATIENCE);
    expect(kept(data).toSorted()).toEqual(["aws", "ibm"]);

    const told = () => readFileSync(join(data, "cloud/ibm/cloud.json"), "utf8");
    ibm.registry.addGateway({ type: "tram-gateway", id: "house" }, "planted-second");
    await other.getByRole("button", { name: "Replace token: ibm" }).click();
    const exchange = page.getByRole("form", { name: "Replace token: ibm" });
    await exchange.getByLabel("Authentication token").fill("planted-wrong");
    await exchange.getByRole("button", { name: "Replace token" }).click();
    await other
      .getByText(/^It was not replaced\. mqtt: .* What was there before stays in use\.$/)
      .waitFor(PATIENCE);
    expect(told()).toContain("planted-token");
    await exchange.getByLabel("Authentication token").fill("planted-second");
    await picture(page, "replace-token-desk-en-light");
    await exchange.getByRole("button", { name: "Replace token" }).click();
    await page.getByText("ibm signs on with the new one from now on.").waitFor(PATIENCE);
    await exchange.waitFor({ state: "detached" });
    expect(told()).toContain("planted-second");
    await other.getByText("Online", { exact: true }).waitFor(PATIENCE);
    for (const text of [await page.content(), gateway.process.stdout, gateway.process.stderr]) {
      expect(text).not.toContain("planted");
    }
    await page.context().close();
  }, 240_000);

  test("a check is seen while it goes, and what stops it when it has ended", async () => {
    const { config, data } = house(folder.path);
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    // It takes connections and says nothing, as a portal's firewall does.
    const taken = new Set<Socket>();
    const silent = createServer((socket) => void taken.add(socket.on("error", () => undefined)));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    try {
      const page = await enter(browser, gateway);
      await page.goto(new URL("system/cloud", gateway.web).href);
      // With the keyboard alone.
      await page.getByRole("button", { name: "Add a cloud" }).focus();
      await page.keyboard.press("Enter");
      await expect.poll(() => focused(page)).toBe("Add a cloud");
      await page.keyboard.press("Tab");
      // To the last one.
      await page.keyboard.press("ArrowLeft");
      await page.keyboard.press("Tab");
      expect(await fieldOf(page)).toBe("url");
      await page.keyboard.type(`mqtts://localhost:${(silent.address() as AddressInfo).port}`);
      await tabTo(page, "Paste: Certificate of the authority (optional)");
      await page.keyboard.press("Enter");
      await tabTo(
        page,
        "Paste the whole text, with the lines of BEGIN and END: Certificate of the authority (optional)",
      );
      await page.keyboard.insertText(aws.rootCa);
      await expect.poll(() => focused(page)).toMatch(/^Choose another: Certificate of the authority/);
      await tabTo(page, "Check and add");
      await page.keyboard.press("Enter");
      const steps = page.locator(".check-steps li");
      await steps.filter({ hasText: "Way to it" }).getByText("Good").waitFor(PATIENCE);
      await steps.filter({ hasText: "Who answers" }).getByText("Looking").waitFor();
      await steps.filter({ hasText: "Signing in" }).getByText("Waiting").waitFor();
      await page.locator('[role="status"]', { hasText: "Now: Who answers." }).waitFor();
      await picture(page, "running-desk-en-light");
      const [, second] = taken;
      second?.destroy();
      await steps.filter({ hasText: "Who answers" }).getByText("Failed").waitFor(PATIENCE);
      await steps
        .filter({ hasText: "Who answers" })
        .getByText(/^What to do: /)
        .waitFor();
      await steps.filter({ hasText: "Signing in" }).getByText("Not tried").waitFor();
      expect(kept(data)).toEqual([]);
      await page.context().close();
    } finally {
      for (const socket of taken) socket.destroy();
      silent.close();
    }
  }, 120_000);

  test("a broker by its password, and what the gateway refuses, is told; both languages and themes, phone and desk", async () => {
    const mqttPort = await freePort();
    const extra = `cloud: [{ id: filed, provider: mqtt, url: "mqtt://127.0.0.1:${await freePort()}" }]`;
    const { config } = house(folder.path, { mqttPort, extra });
    const gateway = await startGateway(config);
    await using _process = gateway.process;
    const first = await enter(browser, gateway);
    const storageState = await first.context().storageState();
    await first.context().close();
    for (const [locale, colorScheme, width, words] of LOOKS) {
      const where = `${width < 600 ? "phone" : "desk"}-${locale.slice(0, 2)}-${colorScheme}`;
      const viewport = { width, height: 800 };
      const context = await browser.newContext({ locale, colorScheme, viewport, storageState });
      const page = await context.newPage();
      const shifts = await watchShifts(page);
      const looksWell = async (what: string): Promise<void> => {
        await expectAccessible(page, `${where} ${what}`);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
        await picture(page, `${what}-${where}`);
      };
      await page.goto(new URL("system/cloud", gateway.web).href);
      await page.getByRole("heading", { name: "filed mqtt" }).waitFor();
      const steps = page.locator(".check-steps li");
      await page.getByRole("button", { name: `${words.check}: filed` }).click();
      await steps.getByText(words.failed, { exact: true }).waitFor(PATIENCE);
      await looksWell("checked");

      await page.getByRole("button", { name: words.add }).click();
      await page.locator("summary").first().click();
      for (const [index, name] of ["aws-claim", "aws-own", "ibm"].entries()) {
        await page.getByRole("radio").nth(index).check();
        await looksWell(`form-${name}`);
      }
      await page.getByLabel(words.kind).check();
      await page.locator('[name="url"]').fill(`mqtt://127.0.0.1:${mqttPort}`);
      await page.locator('[name="username"]').fill(PROBE.username);
      await page.locator('[name="password"]').fill("planted-wrong");
      await page.locator('[name="id"]').fill("filed");
      await page.locator('form [type="submit"]').click();
      await page.getByText(words.taken).waitFor();
      await expect.poll(() => fieldOf(page)).toBe("id");
      await looksWell("form-refused");
      await page.locator('[name="id"]').fill(`site-${locale.slice(0, 2)}`);
      await page.locator('form [type="submit"]').click();
      await page.getByText(words.advice).last().waitFor(PATIENCE);
      await looksWell("form-failed");
      await page.locator('[name="password"]').fill(PROBE.password);
      await page.locator('form [type="submit"]').click();
      await page.getByText(words.works).first().waitFor(PATIENCE);
      await page.getByRole("heading", { name: `site-${locale.slice(0, 2)} mqtt` }).waitFor();
      await looksWell("added");
      // Half of what web.dev calls good.
      const { sum, what } = await shifts();
      expect(sum, `${where}: ${what.join("; ")}`).toBeLessThan(0.05);
      expect(gateway.process.stdout + gateway.process.stderr).not.toContain("planted");
      await context.close();
    }
  }, 240_000);
});
