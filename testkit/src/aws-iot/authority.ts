import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a certificate is for, and when. TLS looks at the system's clock, so these are times of that. */
export interface CertificateUse {
  readonly subject: string;
  readonly for: "server" | "client";
  /** DNS names of a server; the loopback addresses are in it too. */
  readonly names?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const CONFIG = `
[ca]
default_ca = authority
[authority]
new_certs_dir = .
database = index.txt
certificate = ca.pem
private_key = ca.key
rand_serial = yes
unique_subject = no
default_md = sha256
policy = anything
copy_extensions = none
[anything]
commonName = optional
`;

const HOUR_MS = 3_600_000;
/** When the certificates end that AWS IoT makes. */
const AWS_NOT_AFTER = new Date("2049-12-31T23:59:59Z");

/** A certificate authority of the double's own, by OpenSSL in a folder that goes with it. */
export class Authority implements Disposable {
  /** Its certificate, PEM: what a device trusts. */
  readonly pem: string;
  readonly #folder: string;

  static open(name: string): Authority {
    const folder = mkdtempSync(join(tmpdir(), "aws-iot-double-"));
    writeFileSync(join(folder, "authority.cnf"), CONFIG);
    writeFileSync(join(folder, "index.txt"), "");
    const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    const files = ["-keyout", "ca.key", "-out", "ca.pem"];
    run(folder, ["req", "-x509", ...curve, "-subj", `/CN=${name}`, "-days", "3650", ...files]);
    return new Authority(folder, readFileSync(join(folder, "ca.pem"), "utf8"));
  }

  private constructor(folder: string, pem: string) {
    this.#folder = folder;
    this.pem = pem;
  }

  /**
   * Signs a request; of its own wishes only the key is taken.
   * @param request PKCS #10, PEM.
   * @returns the certificate, PEM.
   * @throws {Error} when the request cannot be read, or is not signed by its key.
   */
  sign(request: string, use: CertificateUse): string {
    const start = use.notBefore ?? new Date(Date.now() - HOUR_MS);
    const end = use.notAfter ?? AWS_NOT_AFTER;
    writeFileSync(join(this.#folder, "request.pem"), request);
    writeFileSync(join(this.#folder, "extensions.cnf"), extensions(use));
    return run(this.#folder, [
      ...["ca", "-batch", "-notext", "-config", "authority.cnf", "-in", "request.pem"],
      ...["-subj", `/CN=${use.subject}`, "-startdate", openSslTime(start), "-enddate", openSslTime(end)],
      ...["-extfile", "extensions.cnf"],
    ]);
  }

  /** Makes a key, and a certificate for it. */
  issue(use: CertificateUse, kind: "ec" | "rsa" = "ec"): { certificate: string; key: string } {
    const { privateKey } =
      kind === "ec"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : generateKeyPairSync("rsa", { modulusLength: 2_048 });
    const key = String(privateKey.export({ type: "pkcs8", format: "pem" }));
    writeFileSync(join(this.#folder, "new.key"), key, { mode: 0o600 });
    const request = run(this.#folder, ["req", "-new", "-key", "new.key", "-subj", `/CN=${use.subject}`]);
    rmSync(join(this.#folder, "new.key"));
    return { certificate: this.sign(request, use), key };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function extensions({ for: purpose, names = [] }: CertificateUse): string {
  const usage = ["basicConstraints=critical,CA:FALSE", `extendedKeyUsage=${purpose}Auth`];
  const addresses = [...names.map((name) => `DNS:${name}`), "IP:127.0.0.1", "IP:::1"];
  if (purpose === "server") usage.push(`subjectAltName=${addresses.join(",")}`);
  return `${usage.join("\n")}\n`;
}

/** RFC 5280 §4.1.2.5: seconds, in UTC. */
function openSslTime(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
}

function run(folder: string, args: readonly string[]): string {
  return execFileSync("openssl", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
