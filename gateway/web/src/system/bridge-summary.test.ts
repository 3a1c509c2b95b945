import type { BridgeView } from "@tram/protocol";
import { expect, it } from "vitest";
import { i18nFor } from "../i18n/i18n.ts";
import { bridgeText, worstBridge } from "./bridge-summary.ts";

const now = Date.parse("2026-03-01T05:15:30Z");
const bridge = (more: Partial<BridgeView> = {}): BridgeView => ({
  id: "up",
  provider: "mqtt",
  state: "online",
  since: "2026-03-01T05:03:00Z",
  queued: 0,
  queuedByClass: {},
  sent: 0,
  dropped: 0,
  parked: 0,
  traffic: { today: 0, month: 0, undated: 0 },
  ...more,
});
const offline = bridge({ state: "offline", queued: 340, oldest: "2026-03-01T05:03:10Z" });

it("tells how long the cloud is away and what waits for it", () => {
  const zone = "Asia/Ho_Chi_Minh";
  expect(bridgeText(offline, now, i18nFor("en", zone))).toBe("Offline 12 min · 340 queued · oldest 12:03");
  expect(bridgeText(offline, now, i18nFor("vi", zone))).toBe(
    "Ngoại tuyến 12 phút · 340 đang chờ gửi · cũ nhất 12:03",
  );
  expect(bridgeText(bridge(), now, i18nFor("en", zone))).toBe("Online");
});

it("chooses the bridge that is worst off", () => {
  const fuller = { ...offline, id: "fuller", queued: 341 };
  expect(worstBridge({ a: bridge(), b: offline, c: fuller })?.id).toBe("fuller");
  expect(worstBridge({ a: bridge(), s: bridge({ id: "s", state: "stopped" }) })?.id).toBe("s");
  expect(worstBridge({})).toBeUndefined();
});
