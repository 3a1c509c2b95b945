import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readWebhook } from "./webhook-headers.ts";

const folder = mkdtempSync(join(tmpdir(), "tram-webhook-"));
afterAll(() => rmSync(folder, { recursive: true }));

function read(text: string | undefined, url = "https://example.org/hook") {
  const file = join(folder, "headers");
  rmSync(file, { force: true });
  if (text !== undefined) writeFileSync(file, text);
  return readWebhook({ id: "a", url, headers_file: file }, "rules.webhooks[0]");
}

test("headers are read, a line each", () => {
  const { problems, webhook } = read("Authorization: Bearer a:b\r\n\n X-Two : 2 \n");
  expect(problems).toEqual([]);
  expect(webhook.headers).toEqual({ Authorization: "Bearer a:b", "X-Two": "2" });
});

test.each<[string | undefined, RegExp]>([
  ["hunter2", /expected `Name: value` in line 1 of headers/],
  ["A: 1\nbad name: hunter2", /in line 2/],
  ["A: hunter2\u0007", /in line 1/],
  [undefined, /found no such file/],
  ["x".repeat(20_000), /20000 bytes/],
])("%j is told without showing it", (text, words) => {
  const { problems } = read(text);
  expect(problems).toMatchObject([
    { path: "rules.webhooks[0].headers_file", problem: expect.stringMatching(words) },
  ]);
  expect(problems[0]?.problem).not.toContain("hunter2");
});

test("a URL that is none", () => {
  expect(read("A: 1", "https://[").problems).toEqual([
    { path: "rules.webhooks[0].url", problem: "expected a URL" },
  ]);
});
