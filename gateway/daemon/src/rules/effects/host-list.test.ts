import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { HOST_PATTERN, HostList } from "./host-list.ts";

const list = new HostList([
  "api.example.org",
  "box.lan:8443",
  "*.farm.example",
  "127.0.0.1:80",
  "[::1]:8080",
]);
const allowed = (url: string): boolean => list.refusal(new URL(url)) === undefined;

describe("hosts that rules may call", () => {
  test.each([
    ["https://api.example.org/x?key=1", true],
    ["http://API.example.org./x", true],
    ["http://user:secret@api.example.org/", true],
    ["https://api.example.org:8443/", false],
    ["https://example.org/", false],
    ["https://evil-api.example.org/", false],
    ["https://api.example.org.evil.test/", false],
    ["https://box.lan:8443/", true],
    ["https://box.lan/", false],
    ["https://a.farm.example/", true],
    ["https://a.b.farm.example/", true],
    ["https://farm.example/", false],
    ["https://evilfarm.example/", false],
    ["http://127.0.0.1/", true],
    // Other spellings of the same address are that address (URL Standard §3.5).
    ["http://0x7f.1/", true],
    ["https://127.0.0.1/", false],
    ["http://127.0.0.2/", false],
    ["http://[::1]:8080/", true],
    ["http://[0:0:0:0:0:0:0:1]:8080/", true],
    ["ftp://api.example.org/", false],
    ["file:///etc/passwd", false],
  ])("%s: %s", (url, is) => {
    expect(allowed(url)).toBe(is);
  });

  test("none are allowed without a list; a refusal names the host and nothing else of the URL", () => {
    const refusal = new HostList([]).refusal(new URL("https://me:pass@api.example.org:9/secret?key=1"));
    expect(refusal).toBe("api.example.org:9 is not among the hosts that rules.http_hosts allows");
  });

  test("any host is allowed only where it stands", () => {
    fc.assert(
      fc.property(
        fc.domain(),
        fc.domain(),
        fc.option(fc.integer({ min: 1, max: 65_535 })),
        (own, other, port) => {
          const written = port === null ? own : `${own}:${port}`;
          expect(new RegExp(HOST_PATTERN).test(written)).toBe(true);
          const one = new HostList([written]);
          expect(one.refusal(new URL(`http://${port === null ? own : `${own}:${port}`}/`))).toBeUndefined();
          if (own !== other)
            expect(one.refusal(new URL(`http://${other}${port === null ? "" : `:${port}`}/`))).toBeDefined();
        },
      ),
    );
  });
});
