import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const P_256 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"] as const;

/** RSA of so many bits, as `openssl genpkey` is told. */
export function rsa(bits: number): readonly string[] {
  return ["-algorithm", "RSA", "-pkeyopt", `rsa_keygen_bits:${bits}`];
}

/** A key of a device, and its request for a certificate: both PEM, made by OpenSSL. */
export function signingRequest(kind: readonly string[] = P_256): { key: string; csr: string } {
  const folder = mkdtempSync(join(tmpdir(), "signing-request-"));
  try {
    const key = execFileSync("openssl", ["genpkey", ...kind], { encoding: "utf8", stdio: "pipe" });
    const file = join(folder, "device.key");
    writeFileSync(file, key, { mode: 0o600 });
    const args = ["req", "-new", "-key", file, "-subj", "/CN=elsewhere"];
    return { key, csr: execFileSync("openssl", args, { encoding: "utf8", stdio: "pipe" }) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
