import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parseUci } from "./parse-uci.ts";
import { renderConfig } from "./render.ts";

const folder = mkdtempSync(join(tmpdir(), "tram-package-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function render(text: string): ReturnType<typeof renderConfig> {
  const uci = join(folder, "uci");
  writeFileSync(uci, text);
  return renderConfig({ uci, base: join(folder, "none.yaml"), system: join(folder, "none") });
}

describe("the UCI file of the package", () => {
  const text = readFileSync(
    new URL("../../../../../packages-openwrt/tram/files/tram.config", import.meta.url),
    "utf8",
  );

  test("renders as it is, and lets nobody in", () => {
    const { settings, document } = render(text);
    expect(settings.mqtt).toMatchObject({ accounts: [], anonymous: false, port: 1883 });
    expect(settings).toMatchObject({
      data: "/srv/tram",
      rulesDir: "/etc/tram/rules",
      cloud: [],
      modules: [],
      http: { port: 8080 },
    });
    expect(JSON.stringify(document)).not.toMatch(/password|clients/);
  });

  test("what its comments suggest is sound too", () => {
    for (const name of ["kitchen.password", "cloud.password"]) writeFileSync(join(folder, name), "x\n");
    writeFileSync(join(folder, "pager.headers"), "Authorization: x\n");
    const all = text.replaceAll(/^(\t?)#(?=\t?(?:config|option|list) )/gm, "$1");
    expect(all).not.toBe(text);
    const { settings } = render(all);
    expect(settings).toMatchObject({
      gateway: { id: "greenhouse", latitude: 10.78 },
      mqtt: { accounts: [{ username: "kitchen" }] },
      modules: [{ id: "greenhouse" }],
      cloud: [{ config: { id: "up" } }],
      rules: { httpHosts: ["api.example.org"], webhooks: [{ id: "pager", headers: { Authorization: "x" } }] },
    });
    // Nothing in it was taken for a comment after all.
    const { sections } = parseUci(new TextEncoder().encode(all));
    expect(sections.map(({ type }) => type)).toEqual([
      "service",
      "gateway",
      "storage",
      "rules",
      "rule_webhook",
      "mqtt",
      "listener",
      "mqtt_tls",
      "http",
      "history",
      "history_policy",
      "flash",
      "events",
      "node_red",
      "log",
      "account",
      "module",
      "mapping",
      "cloud",
    ]);
  });
});
