import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key, as text and as files. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** An authority of the test's own, made with the openssl of the machine. */
export class TestAuthority implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), "tram-ca-"));
  readonly ca: KeyPair;

  constructor() {
    const { certFile, keyFile } = this.#files("ca");
    this.#openssl(
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"],
      ...["-subj", "/CN=Test authority", "-keyout", keyFile, "-out", certFile],
    );
    this.ca = this.#read("ca");
  }

  /** @param subjectAltName for a server: `DNS:localhost,IP:127.0.0.1`. */
  issue(commonName: string, serial: number, subjectAltName?: string): KeyPair {
    const name = `${commonName}-${serial}`;
    const { certFile, keyFile } = this.#files(name);
    const request = join(this.#folder, `${name}.csr`);
    const extensions = join(this.#folder, `${name}.ext`);
    writeFileSync(extensions, subjectAltName === undefined ? "" : `subjectAltName=${subjectAltName}\n`);
    this.#openssl(
      ...["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-subj", `/CN=${commonName}`, "-keyout", keyFile, "-out", request],
    );
    this.#openssl(
      ...["x509", "-req", "-in", request, "-CA", this.ca.certFile, "-CAkey", this.ca.keyFile, "-days", "30"],
      ...["-set_serial", String(serial), "-extfile", extensions, "-out", certFile],
    );
    return this.#read(name);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #read(name: string): KeyPair {
    const { certFile, keyFile } = this.#files(name);
    return { certFile, keyFile, cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
  }

  #files(name: string): { certFile: string; keyFile: string } {
    return { certFile: join(this.#folder, `${name}.crt`), keyFile: join(this.#folder, `${name}.key`) };
  }

  #openssl(...args: string[]): void {
    execFileSync("openssl", args, { stdio: "pipe" });
  }
}
