import { connect } from "mqtt";
import { expect, test } from "vitest";
import { expectAccessible } from "./accessible.ts";
import { chromiumMissing, openBrowser } from "./browser.ts";
import { PROBE } from "./mosquitto.ts";
import { house, startGateway, temporaryFolder } from "./processes.ts";

test.skipIf(chromiumMissing())("alerts, targets, labels and the parent of a device on its card", async () => {
  using folder = temporaryFolder("homie");
  const gateway = await startGateway(house(folder.path).config);
  await using _process = gateway.process;
  const device = connect({ host: "127.0.0.1", port: gateway.mqttPort, ...PROBE, reconnectPeriod: 0 });
  const say = (topic: string, payload: string | object): Promise<unknown> =>
    device.publishAsync(`homie/5/${topic}`, typeof payload === "string" ? payload : JSON.stringify(payload), {
      qos: 1,
      retain: true,
    });
  const nodes = {
    door: {
      name: "Door",
      properties: {
        open: { name: "State", datatype: "boolean", format: "shut,wide open" },
        level: { name: "Level", datatype: "integer", format: "0:100", unit: "%", settable: true },
      },
    },
  };
  await say("bridge/$description", { homie: "5.0", version: 1, name: "Bridge", children: ["gate"] });
  await say("gate/$description", { homie: "5.0", version: 1, name: "Gate", root: "bridge", nodes });
  await say("gate/$state", "ready");
  await say("gate/door/open", "true");
  await say("gate/door/level", "20");

  const browser = await openBrowser();
  try {
    const page = await (await browser.newContext({ locale: "vi-VN" })).newPage();
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(gateway.web);
    await page.getByLabel("Mã thiết lập").fill(gateway.setupCode ?? "");
    await page.getByLabel("Tên đăng nhập").fill("minh");
    await page.getByLabel("Mật khẩu", { exact: true }).fill("mot mat khau dai");
    await page.getByRole("button", { name: "Tạo quản trị viên" }).click();
    const card = page.getByRole("article", { name: "Gate" });
    await card.getByText("wide open").waitFor();
    await card.getByText("thuộc bridge").waitFor();
    expect(await card.getByRole("list", { name: "Cảnh báo" }).count()).toBe(0);

    await say("gate/door/level/$target", "80");
    await card.getByText("đang chuyển tới 80%").waitFor();
    await say("gate/$alert/motor", "The motor is <b>hot</b>");
    await card.getByRole("list", { name: "Cảnh báo" }).getByText("The motor is <b>hot</b>").waitFor();
    await expectAccessible(page, "a device with an alert");

    await say("gate/door/level", "80");
    await card.getByText("đang chuyển tới").waitFor({ state: "detached" });
    await say("gate/$alert/motor", "");
    await card.getByRole("list", { name: "Cảnh báo" }).waitFor({ state: "detached" });
    expect(complaints).toEqual([]);
  } finally {
    await browser.close();
  }
  await device.endAsync();
});
