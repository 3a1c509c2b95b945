import { describe, expect, test } from "vitest";
import { expectAccessible } from "./accessible.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { ADMIN } from "./http.ts";
import { describeDevice, mosquittoMissing, PROBE, publish } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder, tram } from "./processes.ts";

const LAMP = { on: { name: "On", datatype: "boolean", settable: true } };

describe.skipIf(chromiumMissing() || mosquittoMissing())("the settings of a Thing in the browser", () => {
  test("name, area and a hold are set and seen, and a device takes the place of another", async () => {
    using folder = temporaryFolder("household-page");
    const { config, data } = house(folder.path, {});
    const gateway = await startGateway(config);
    await using _gateway = gateway.process;
    const { mqttPort: port } = gateway;
    for (const id of ["hall", "spare"]) {
      await describeDevice(port, PROBE, id, { light: LAMP });
      await publish(port, PROBE, { topic: `homie/5/${id}/light/on`, payload: "false", retain: true });
    }
    const browser = await openBrowser();
    await using _browser = { [Symbol.asyncDispose]: () => browser.close() };
    const context = await browser.newContext({ locale: "en-GB", viewport: { width: 390, height: 844 } });
    const page = await context.newPage();
    await page.goto(gateway.web);
    await page.getByLabel("Setup code").fill(gateway.setupCode ?? "");
    await page.getByLabel("User name").fill(ADMIN.username);
    await page.getByLabel("Password", { exact: true }).fill(ADMIN.password);
    await page.getByRole("button", { name: "Create administrator" }).click();

    const card = (name: string) => page.getByRole("article", { name, exact: true });
    await card("hall").getByRole("button", { name: "Settings" }).click();
    await card("hall").getByLabel("Name", { exact: true }).fill("Hall lamp");
    await card("hall").getByLabel("Area").selectOption("a new area…");
    await card("hall").getByLabel("Name of the new area").fill("Tầng trệt");
    await card("hall").getByLabel("Tags").fill("Night");
    await card("hall").getByRole("button", { name: "Save" }).click();
    await card("hall").getByRole("alert").getByText("tags[0]").waitFor();
    await card("hall").getByLabel("Tags").fill("night");
    await expectAccessible(page, "the form");
    await card("hall").getByRole("button", { name: "Save" }).click();
    await card("Hall lamp").getByText("Tầng trệt").waitFor();
    await page.getByLabel("Area", { exact: true }).selectOption("Tầng trệt");
    expect(await page.getByRole("article").count()).toBe(1);

    const hold = { "light/on": { hold: { holdMs: 600_000 } } };
    const body = { title: "Hall lamp", area: "tang-tret", tags: ["night"], properties: hold };
    const shown = JSON.parse(
      (await tram(["things", "settings", "hall", "--json"], { TRAM_DATA: data })).stdout,
    ) as object;
    expect(shown).toEqual({ title: "Hall lamp", area: "tang-tret", tags: ["night"] });
    await page.evaluate(async (settings) => {
      await fetch("/api/v1/things/hall/settings", {
        method: "PUT",
        headers: { "content-type": "application/json", "x-tram-request": "1" },
        body: JSON.stringify(settings),
      });
    }, body);
    await card("Hall lamp").getByRole("switch").click();
    await card("Hall lamp")
      .getByText(/^set by minh: rules keep off until/)
      .waitFor();
    await expectAccessible(page, "a property that is held");
    await card("Hall lamp").getByRole("button", { name: "Release" }).click();
    await card("Hall lamp")
      .getByText(/^set by minh/)
      .waitFor({ state: "detached" });

    await page.getByLabel("Area", { exact: true }).selectOption("All areas");
    await card("spare").getByRole("button", { name: "Settings" }).click();
    await card("spare").getByText("This device replaces another one").click();
    await card("spare").getByLabel("The broken one").selectOption("Hall lamp");
    await card("spare").getByRole("button", { name: "Replace" }).click();
    await card("spare").waitFor({ state: "detached" });
    await card("Hall lamp").getByText("hall · spare").waitFor();
  });
});
