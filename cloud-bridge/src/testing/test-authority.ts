import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate with its key, in PEM. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** A certificate authority of a test, made with openssl. */
export class TestAuthority implements Disposable {
  /** Its own certificate, in PEM. */
  readonly certificate: string;
  readonly #folder: string;
  #issued = 0;

  constructor(name = "Test authority") {
    this.#folder = mkdtempSync(join(tmpdir(), "cloud-bridge-ca-"));
    this.#run([
      "req",
      "-x509",
      ...KEY,
      "-days",
      "30",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
    ]);
    writeFileSync(join(this.#folder, "index.txt"), "");
    writeFileSync(join(this.#folder, "serial"), "01\n");
    writeFileSync(
      join(this.#folder, "ca.conf"),
      `[ca]
default_ca = this
[this]
dir = ${this.#folder}
database = $dir/index.txt
serial = $dir/serial
new_certs_dir = $dir
certificate = $dir/ca.pem
private_key = $dir/ca.key
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
`,
    );
    this.certificate = this.#read("ca.pem");
  }

  /**
   * @param name `commonName`, and the name or address of a host that it is for.
   * @param days from when until when it is valid, counted from now.
   */
  issue(name: string, days: { readonly from?: number; readonly to?: number } = {}): Issued {
    const file = `issued-${++this.#issued}`;
    const alternative = /^[0-9.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`;
    this.#run([
      "req",
      "-new",
      ...KEY,
      "-subj",
      `/CN=${name}`,
      "-addext",
      `subjectAltName=${alternative}`,
      "-keyout",
      `${file}.key`,
      "-out",
      `${file}.csr`,
    ]);
    const [from, to] = [days.from ?? -1, days.to ?? 30].map(momentIn);
    this.#run([
      "ca",
      "-batch",
      "-notext",
      "-config",
      "ca.conf",
      "-startdate",
      from ?? "",
      "-enddate",
      to ?? "",
      "-in",
      `${file}.csr`,
      "-out",
      `${file}.pem`,
    ]);
    return { certificate: this.#read(`${file}.pem`), key: this.#read(`${file}.key`) };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), "utf8");
  }

  #run(args: readonly string[]): void {
    execFileSync("openssl", args, { cwd: this.#folder, stdio: "pipe" });
  }
}

/** `YYYYMMDDHHMMSSZ`, some days from now. */
function momentIn(days: number): string {
  const iso = new Date(Date.now() + days * 86_400_000).toISOString();
  return `${iso.slice(0, 19).replace(/[-:T]/g, "")}Z`;
}
