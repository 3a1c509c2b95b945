import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Files of a certificate and its key. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** An authority of a test's own, made by OpenSSL in a folder that goes with it. */
export class TestAuthority implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "tram-authority-"));
  readonly ca: string = join(this.folder, "ca.crt");
  readonly #key = join(this.folder, "ca.key");

  constructor() {
    const subject = ["-subj", "/CN=A house of tests"];
    this.#run(
      "req",
      "-x509",
      "-nodes",
      "-newkey",
      "ec",
      ...EC,
      ...subject,
      "-keyout",
      this.#key,
      "-out",
      this.ca,
    );
  }

  /** A certificate for a server on loopback, or for a client. */
  issue(commonName: string, use: "server" | "client"): Pair {
    const [cert, key, request] = ["crt", "key", "csr"].map((ending) =>
      join(this.folder, `${commonName}.${ending}`),
    );
    if (cert === undefined || key === undefined || request === undefined) throw new Error("no files");
    const names = use === "server" ? ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"] : [];
    const asked = ["-nodes", "-newkey", "ec", ...EC, "-subj", `/CN=${commonName}`, ...names];
    this.#run("req", ...asked, "-keyout", key, "-out", request);
    const signer = ["-CA", this.ca, "-CAkey", this.#key, "-CAcreateserial", "-copy_extensions", "copy"];
    this.#run("x509", "-req", "-in", request, ...signer, "-days", "2", "-out", cert);
    return { cert, key };
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(...args: readonly string[]): void {
    execFileSync("openssl", args, { stdio: "pipe" });
  }
}

const EC = ["-pkeyopt", "ec_paramgen_curve:prime256v1"] as const;
