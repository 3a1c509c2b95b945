import fc from "fast-check";
import { expect, test } from "vitest";
import { readAddress } from "./address.ts";
import { readSettings } from "./gateway.ts";

test.each([
  ["http://127.0.0.1:8080", "http://127.0.0.1:8080", "ws://127.0.0.1:8080/ws"],
  [" router.lan:8080/ ", "http://router.lan:8080", "ws://router.lan:8080/ws"],
  ["https://tram.example/gateway/", "https://tram.example/gateway", "wss://tram.example/gateway/ws"],
  ["http://[fd00::1]:8080", "http://[fd00::1]:8080", "ws://[fd00::1]:8080/ws"],
])("%s", (written, http, live) => {
  expect(readAddress(written)).toEqual({
    ok: true,
    address: { http, live, secure: http.startsWith("https") },
  });
});

test.each([
  ["", /found nothing$/],
  [undefined, /found nothing$/],
  [{}, /found nothing$/],
  ["mqtt://router:1883", /found "mqtt:/],
  ["http://", /found "http:/],
  ["http://minh:secret@router", /no user name/],
  ["http://minh:secret@[", /found something else$/],
  ["http://router/?access_token=secret", /nothing behind the path$/],
])("refuses %j", (written, problem) => {
  const read = readAddress(written);
  expect(read).toMatchObject({ ok: false, problem: expect.stringMatching(problem) });
  expect(JSON.stringify(read)).not.toContain("secret");
});

test("whatever is written, there is an address or a reason, and never an exception", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.anything()), (written) => {
      const read = readAddress(written);
      if (read.ok) expect(() => new URL(read.address.live)).not.toThrow();
      else expect(read.problem).toMatch(/^address: expected /);
    }),
  );
});

const TOKEN = "a".repeat(43);

test.each([
  [{ token: undefined }, "token: expected one, found none"],
  [{ token: "p w\r\nX-Evil: 1" }, /^token: expected the gateway's own/],
  [{ token: TOKEN, ca: "not PEM" }, "ca: expected an address that begins with https"],
  [{ token: TOKEN, address: "https://router", ca: "not PEM" }, "ca: expected a certificate as PEM text"],
])("settings %j are refused, and the token is not told", (given, problem) => {
  const read = readSettings({ address: "http://router", ca: "", ...given });
  expect(read).toMatchObject({ ok: false });
  if (!read.ok) {
    expect(read.problem).toMatch(problem);
    expect(read.problem).not.toContain("Evil");
  }
});
