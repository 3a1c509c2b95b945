import { expect, test } from "vitest";
import { defaultConfig } from "./command.ts";

test("without a name, the configuration that was rendered from UCI is meant, else the user's", () => {
  expect(defaultConfig((file) => file === "/var/run/tram/tram.yaml")).toBe("/var/run/tram/tram.yaml");
  expect(defaultConfig((file) => file === "/etc/tram/tram.yaml")).toBe("/etc/tram/tram.yaml");
  expect(defaultConfig(() => false)).toBe("/etc/tram/tram.yaml");
});
