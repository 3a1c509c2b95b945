import { expect, test } from "vitest";
import { isSecretKey, shownKey, showSetting } from "./secrets.ts";

test("a setting is shown for as much as holds no secret", () => {
  const shown: [unknown, string, string][] = [
    ["loud", "log.level", '"loud"'],
    [70_000, "mqtt.port", "70000"],
    [null, "mqtt", "null"],
    [undefined, "mqtt", "nothing"],
    [["a", "b"], "gateway", "a list of 2"],
    [{ password: "geheim" }, "mqtt.clients", "an object"],
    ["geheim", "mqtt.clients[0].password", "something else"],
    [5, "modules[0].config.app_key", "something else"],
    ["geheim", "modules[0].config.keys[0].psk[1]", "something else"],
    ["nowhere", "cloud[0].password_file", '"nowhere"'],
    ["mqtt://user:p@ss/w@host:1883", "cloud[0].url", '"mqtt://(hidden)@host:1883"'],
    ["mqtt://host:1883", "cloud[0].url", '"mqtt://host:1883"'],
    ["a@b", "gateway.name", '"a@b"'],
    ["device option password 'geheim'", "a", '"device option password…"'],
    ["mqtt://user:geheim\n@", "a", '"mqtt://(hidden)@"'],
    ["mqtt://h\n\toption password 'geheim'", "cloud[0].url", '"mqtt://h…"'],
  ];
  for (const [value, path, expected] of shown) expect(showSetting(value, path), path).toBe(expected);
});

test("a key that is not known is shown up to where a secret may begin", () => {
  expect(["passwordhunter2", "rol", "my_tokenabc", "password", "APP_KEY"].map(shownKey)).toEqual([
    "password…",
    "rol",
    "my_token…",
    "password",
    "APP_KEY",
  ]);
  expect(["password", "password_file", "keepalive_s", "app_key", "username"].filter(isSecretKey)).toEqual([
    "password",
    "app_key",
  ]);
});
