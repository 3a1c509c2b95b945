import { Bluemix } from "@tram/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AddedHouse } from "./testing/added-house.ts";

const WHO = { by: "minh" };
const GATEWAY = { type: "tram-gateway", id: "farm" };

let home: AddedHouse;
beforeEach(() => {
  home = new AddedHouse();
});
afterEach(() => home[Symbol.asyncDispose]());

const online = () => expect.poll(() => home.bridges[0]?.state).toBe("online");

describe("a token of IBM's", () => {
  let ibm: Bluemix;
  beforeEach(async () => {
    ibm = await Bluemix.open();
    ibm.registry.addGateway(GATEWAY, "first-token");
    ibm.registry.addType("tram-thing");
  });
  afterEach(() => ibm[Symbol.asyncDispose]());

  const values = () =>
    ibm
      .events()
      .filter(({ device }) => device.id === "farm_pump")
      .map(({ payload }) => (JSON.parse(payload.toString()) as { motor_power: unknown }).motor_power);

  async function added() {
    const { added } = home.gateway();
    const request = {
      id: "up",
      provider: "bluemix",
      host: ibm.host,
      port: ibm.port,
      org: ibm.registry.org,
      gatewayType: GATEWAY.type,
      gatewayId: GATEWAY.id,
      token: "first-token",
      ca: ibm.rootCa,
    } as const;
    expect(await added.add(request, WHO)).toMatchObject({ ok: true, value: { cloud: { secret: "token" } } });
    await online();
    return added;
  }

  it("is exchanged for another, with all that has waited since IBM took the first no more", async () => {
    const clouds = await added();
    ibm.registry.addGateway(GATEWAY, "second-token");
    await ibm.cut();
    await expect.poll(() => home.bridges[0]?.state).not.toBe("online");
    await home.offer(1);
    await home.offer(2);
    expect(await clouds.replacePassword("up", { password: "second-token" }, WHO)).toMatchObject({
      ok: true,
      value: { id: "up", secret: "token" },
    });
    await online();
    await home.offer(3);
    await expect.poll(values).toEqual([1, 2, 3]);
    expect(home.file("cloud.json")).toContain('"second-token"');
    expect(home.audited.map(({ action }) => action)).toEqual(["cloud-added", "cloud-renewed"]);
    expect(JSON.stringify([home.audited, clouds.list(), home.bridges[0]?.status()])).not.toMatch(/-token"/);

    // And so it is after a start.
    for (const bridge of home.bridges.splice(0)) await bridge[Symbol.asyncDispose]();
    expect(await home.gateway().added.open()).toEqual([]);
    await online();
  });

  it("stays where IBM does not take the other one", async () => {
    const clouds = await added();
    const refused = await clouds.replacePassword("up", { password: "planted" }, WHO);
    expect(refused).toMatchObject({ ok: false, refusal: { code: "renewal-failed" } });
    expect(refused.ok ? "" : refused.refusal.detail).toMatch(
      /^mqtt: .*the token is not that of g:.* What was there before stays in use\.$/,
    );
    expect(JSON.stringify([refused, home.audited])).not.toContain("planted");
    expect(home.file("cloud.json")).toContain('"first-token"');
    await online();
    await home.offer(1);
    await expect.poll(values).toEqual([1]);
  });
});

it("a cloud without a user name has no password to exchange, and neither has one that is not there", async () => {
  const { added } = home.gateway();
  const request = { id: "up", provider: "mqtt", url: "mqtt://127.0.0.1:9", check: false } as const;
  expect(await added.add(request, WHO)).toMatchObject({ ok: true });
  expect(added.list()[0]?.secret).toBeUndefined();
  for (const [id, code] of [
    ["up", "not-provisioned"],
    ["nobody", "unknown-cloud"],
  ] as const) {
    expect(await added.replacePassword(id, { password: "p" }, WHO)).toMatchObject({
      ok: false,
      refusal: { code },
    });
  }
});
