import { existsSync } from "node:fs";
import { type ClockTrust, PRODUCT } from "@tram/protocol";

/** Markers in volatile folders that a time source leaves once it has set the clock in this boot. */
const SYNCED_MARKERS = [
  "/run/systemd/timesync/synchronized", // systemd-timesyncd(8)
  `/var/run/${PRODUCT.name}/clock-synced`, // our hook in OpenWrt's hotplug.d/ntp
];

/** A battery-backed clock, which OpenWrt routers do not have. */
const RTC = "/sys/class/rtc/rtc0";

/** A container shares the clock of its host, which the container cannot judge and the host keeps. */
const CONTAINER_MARKERS = ["/.dockerenv", "/run/.containerenv"];

/**
 * Tells how far the wall clock can be believed.
 * @param setting `trusted` believes always; `auto` believes a time source, and halfway a battery or a host.
 * @param exists looks for a file; it is asked once a second.
 */
export function clockTrust(
  setting: "auto" | "trusted",
  exists: (path: string) => boolean = existsSync,
): () => ClockTrust {
  if (setting === "trusted") return () => "synced";
  const keptByOthers = exists(RTC) || CONTAINER_MARKERS.some(exists);
  let wasSynced = false;
  return () => {
    if (SYNCED_MARKERS.some(exists)) {
      wasSynced = true;
      return "synced";
    }
    return wasSynced || keptByOthers ? "holdover" : "untrusted";
  };
}
