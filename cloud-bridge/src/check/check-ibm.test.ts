import { type Bluemix, RealClock } from "@tram/testkit";
import { afterEach, expect, it } from "vitest";
import { closeAll, cloud, TOKEN } from "../testing/bluemix-house.ts";
import { type CheckParts, checkCloud } from "./check-cloud.ts";
import { firstFailure } from "./check-step.ts";

const unused = new AbortController().signal;
afterEach(closeAll);

function aimed(at: Bluemix, password = TOKEN): CheckParts {
  return {
    config: {
      id: "ibm",
      provider: "bluemix",
      host: at.host,
      port: at.port,
      org: at.registry.org,
      gateway_type: "tram-gateway",
      password,
    },
    gateway: "farm",
    identity: { ca: at.rootCa },
    clock: new RealClock(),
  };
}

it("a check of IBM passes when everything is well, and leaves one event of the gateway there", async () => {
  const at = await cloud();
  const results = await checkCloud(aimed(at), unused);
  expect(firstFailure(results)).toBeUndefined();
  expect(at.events().map(({ topic }) => topic)).toEqual([
    "iot-2/type/tram-gateway/id/farm/evt/telemetry/fmt/json",
  ]);
  expect([at.registry.devices, at.incidents]).toEqual([[], []]);
});

it("a check of IBM says that the token is wrong, and not which one", async () => {
  const at = await cloud();
  const failure = firstFailure(await checkCloud(aimed(at, "another-token"), unused));
  expect(failure?.step).toBe("mqtt");
  expect(failure?.said).toMatch(/the token is not that of g:a1b2c3:tram-gateway:farm/);
  expect(JSON.stringify(failure)).not.toContain("another-token");
});
