import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { endingOf, renewalTime } from "./renewal-time.ts";

const DAY = 86_400_000;

/** A certificate that is good for so many days from now. */
function certificate(days: number): string {
  const folder = mkdtempSync(join(tmpdir(), "renewal-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=up"];
    execFileSync("openssl", ["req", "-x509", ...made, "-days", `${days}`, "-keyout", key, "-out", cert], {
      stdio: "pipe",
    });
    return readFileSync(cert, "utf8");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

it.each([
  [3_650, (2 / 3) * 3_650, "a long one after two thirds of its life"],
  [60, 30, "one of two months 30 days before its end"],
  [80, 50, "one of 80 days 30 days before its end, which is earlier than two thirds"],
  [10, 5, "a short one after half of its life, or it would be renewed for ever"],
])("of %i days: after %i", (life, after) => {
  const begun = Date.now();
  const days = (renewalTime(certificate(life)) - begun) / DAY;
  expect(Math.abs(days - after)).toBeLessThan(0.01);
});

it.each([
  [3_650, 3_620, "a long one 30 days before its end, and not years"],
  [10, 5, "a short one after half of its life"],
])("of %i days that somebody else renews: told of after %i", (life, after) => {
  const begun = Date.now();
  const { near, end } = endingOf(certificate(life));
  expect(Math.abs((near - begun) / DAY - after)).toBeLessThan(0.01);
  expect(Math.abs((end - begun) / DAY - life)).toBeLessThan(0.01);
});
