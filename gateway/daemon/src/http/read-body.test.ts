import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { readJsonBody } from "./read-body.ts";

const read = (text: string) =>
  readJsonBody(
    Object.assign(Readable.from([Buffer.from(text)]), { headers: {} }) as unknown as IncomingMessage,
  );

it.each([
  ['{"token": planted}', "The body is not JSON: Unexpected token 'p'"],
  [
    `{"token": "planted" planted, "more": "${"x".repeat(200)}"}`,
    /^The body is not JSON: Expected .* position \d+/,
  ],
  [`{"more": "${"x".repeat(200)}", "token": planted}`, "The body is not JSON: Unexpected token 'p'"],
  ['{"token": "planted', /^The body is not JSON: Unterminated string/],
])("a body that is not JSON is told, and not shown: %s", async (text, detail) => {
  const body = await read(text);
  expect(body).toMatchObject({ ok: false, problem: { status: 400, code: "bad-json" } });
  const told = body.ok ? "" : (body.problem.detail ?? "");
  expect(told).toMatch(detail);
  expect(told).not.toContain("plant");
});

it("a body of JSON is its value, and none is nothing", async () => {
  expect(await read('{"a":1}')).toEqual({ ok: true, value: { a: 1 } });
  expect(await read("")).toEqual({ ok: true, value: null });
});
