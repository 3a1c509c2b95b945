import { afterEach, describe, expect, it, vi } from "vitest";
import {
  closeAll,
  cloud,
  connect,
  GATEWAY,
  message,
  provider,
  TestDesk,
} from "../../testing/bluemix-house.ts";

afterEach(closeAll);

describe("a managed gateway", () => {
  it("says so, for at least an hour, with what it can and what it is", async () => {
    const at = await cloud();
    await connect(provider(at), new TestDesk());
    await vi.waitFor(() => expect(at.management.managed(GATEWAY)).toBeDefined());
    expect(at.management.managed(GATEWAY)).toMatchObject({
      deviceActions: false,
      firmwareActions: true,
      deviceInfo: { serialNumber: "farm" },
    });
    expect(at.management.managed(GATEWAY)?.lifetimeS).toBeGreaterThanOrEqual(3_600);
    expect(at.incidents).toEqual([]);
  });

  it("does not where it is not to", async () => {
    const at = await cloud();
    const connection = await connect(provider(at, { managed: false }));
    await connection.publish([message("1")]);
    expect(at.management.managed(GATEWAY)).toBeUndefined();
  });

  it.each([
    ["mgmt/initiate/device/reboot", undefined, 501, /not restarted/],
    ["mgmt/initiate/device/factory_reset", undefined, 501, /not reset/],
    ["mgmt/custom/bundle/action", { x: 1 }, 501, /does not know/],
    ["device/update", { fields: [{ field: "location", value: {} }] }, 404, /only mgmt.firmware/],
    ["observe", { fields: [{ field: "location" }] }, 404, /only mgmt.firmware/],
    ["observe", {}, 400, /d.fields/],
    ["mgmt/initiate/firmware/download", undefined, 400, /which image/],
    ["mgmt/initiate/firmware/update", undefined, 400, /which image/],
  ])("answers %s with %j", async (what, d, rc, words) => {
    const at = await cloud();
    const desk = new TestDesk();
    await connect(provider(at), desk);
    await vi.waitFor(() => expect(at.management.managed(GATEWAY)).toBeDefined());
    expect(await at.management.request(GATEWAY, what, d)).toMatchObject({
      rc,
      message: expect.stringMatching(words),
    });
    expect(desk.asked).toEqual([]);
    expect(at.incidents).toEqual([]);
  });

  it("brings firmware in two steps, and the house is asked under one id", async () => {
    const at = await cloud();
    const desk = new TestDesk();
    const connection = await connect(provider(at), desk);
    await vi.waitFor(() => expect(at.management.managed(GATEWAY)).toBeDefined());
    const image = {
      version: "1.4.0",
      name: "tram",
      uri: "https://example.com/tram.img",
      verifier: "ab".repeat(32),
    };
    expect(await at.management.download(GATEWAY, image)).toEqual({ rc: 202 });
    await vi.waitFor(() => expect(at.management.firmware(GATEWAY)).toEqual({ state: 1, updateStatus: 0 }));
    const [request] = desk.asked;
    expect(request).toMatchObject({
      kind: "firmware",
      version: "1.4.0",
      url: image.uri,
      sha256: image.verifier,
    });
    if (request?.kind !== "firmware" || request.context === undefined) throw new Error("no firmware");
    const { context } = request;
    const end = message("end", {
      class: "reply",
      thing: "farm",
      name: "firmware",
      value: { state: "done" },
      context,
    });
    await connection.publish([end]);
    await vi.waitFor(() => expect(at.management.firmware(GATEWAY)).toEqual({ state: 2, updateStatus: 0 }));
    desk.answer = () => ({ outcome: "done", value: { state: "done" } });
    expect(await at.management.update(GATEWAY)).toEqual({ rc: 202 });
    await vi.waitFor(() => expect(at.management.firmware(GATEWAY)).toEqual({ state: 0, updateStatus: 0 }));
    expect(desk.asked.map((each) => each.id)).toEqual([request.id, request.id]);
    expect(at.incidents).toEqual([]);
  });

  it("refuses firmware in the words of the house", async () => {
    const at = await cloud();
    const desk = new TestDesk();
    await connect(provider(at), desk);
    await vi.waitFor(() => expect(at.management.managed(GATEWAY)).toBeDefined());
    const image = { version: "2", uri: "https://example.com/x" };
    desk.answer = () => ({ outcome: "refused", code: "not-available", reason: "not yet" });
    expect(await at.management.download(GATEWAY, image)).toEqual({ rc: 501, message: "not yet" });
    desk.answer = () => ({ outcome: "refused", code: "busy", reason: "busy" });
    expect(await at.management.download(GATEWAY, image)).toEqual({ rc: 500, message: "busy" });
    for (const unsafe of [
      { ...image, uri: "http://example.com/x" },
      { ...image, verifier: "md5:1" },
      { uri: image.uri },
    ]) {
      expect(await at.management.download(GATEWAY, unsafe)).toMatchObject({ rc: 400 });
    }
    expect(desk.asked).toHaveLength(2);
  });
});
