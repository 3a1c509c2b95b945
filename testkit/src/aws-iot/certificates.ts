import { createHash, X509Certificate } from "node:crypto";
import type { Authority } from "./authority.ts";

export type CertificateStatus = "ACTIVE" | "INACTIVE" | "PENDING_ACTIVATION" | "REVOKED";

/** A certificate that AWS knows: who shows it may do what its policies say. */
export interface DeviceCertificate {
  /** SHA-256 of the certificate, in hex. */
  readonly id: string;
  readonly pem: string;
  readonly status: CertificateStatus;
  /** Names of policies. */
  readonly policies: ReadonlySet<string>;
  /** Names of Things. */
  readonly things: ReadonlySet<string>;
}

interface Entry extends DeviceCertificate {
  status: CertificateStatus;
  readonly policies: Set<string>;
  readonly things: Set<string>;
}

/** What AWS calls the owner of a certificate that it makes. */
const SUBJECT = "AWS IoT Certificate";

/** The certificates of the account. */
export class Certificates {
  readonly #authority: Authority;
  readonly #entries = new Map<string, Entry>();
  readonly #onChange: (id: string) => void;

  /** @param onChange told when a certificate is not what it was. */
  constructor(authority: Authority, onChange: (id: string) => void) {
    this.#authority = authority;
    this.#onChange = onChange;
  }

  /**
   * Signs a request of a device.
   * @throws {Error} when the request is not well-formed, not signed by its key, or its key is weak.
   */
  createFromCsr(request: string, status: CertificateStatus = "ACTIVE"): DeviceCertificate {
    const pem = this.#authority.sign(request, { subject: SUBJECT, for: "client" });
    checkKey(new X509Certificate(pem));
    return this.#add(pem, status);
  }

  /** Makes a key and a certificate: RSA of 2,048 bits, as `CreateKeysAndCertificate` does. */
  create(
    status: CertificateStatus = "ACTIVE",
    key: "ec" | "rsa" = "rsa",
  ): { readonly certificate: DeviceCertificate; readonly privateKey: string } {
    const made = this.#authority.issue({ subject: SUBJECT, for: "client" }, key);
    return { certificate: this.#add(made.certificate, status), privateKey: made.key };
  }

  get(id: string): DeviceCertificate | undefined {
    return this.#entries.get(id);
  }

  /** Who shows this certificate. */
  find(der: Uint8Array): DeviceCertificate | undefined {
    return this.#entries.get(certificateId(der));
  }

  list(): readonly DeviceCertificate[] {
    return [...this.#entries.values()];
  }

  /** Who is connected with a certificate that is not active any more loses the connection. */
  setStatus(id: string, status: CertificateStatus): void {
    this.#entry(id).status = status;
    this.#onChange(id);
  }

  attachPolicy(id: string, policy: string): void {
    this.#entry(id).policies.add(policy);
  }

  detachPolicy(id: string, policy: string): void {
    this.#entry(id).policies.delete(policy);
  }

  attachThing(id: string, thing: string): void {
    this.#entry(id).things.add(thing);
  }

  delete(id: string): void {
    this.#entries.delete(id);
    this.#onChange(id);
  }

  #add(pem: string, status: CertificateStatus): DeviceCertificate {
    const id = certificateId(new X509Certificate(pem).raw);
    const entry: Entry = { id, pem, status, policies: new Set(), things: new Set() };
    this.#entries.set(id, entry);
    return entry;
  }

  #entry(id: string): Entry {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw new Error(`there is no certificate ${id}`);
    return entry;
  }
}

function certificateId(der: Uint8Array): string {
  return createHash("sha256").update(der).digest("hex");
}

/** "Create a client certificate": RSA of 2,048 bits at least, or a NIST curve. */
function checkKey({ publicKey }: X509Certificate): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = publicKey;
  const strong =
    (type === "rsa" && (details.modulusLength ?? 0) >= 2_048) ||
    (type === "ec" && ["prime256v1", "secp384r1", "secp521r1"].includes(details.namedCurve ?? ""));
  if (!strong) throw new Error("the key is neither RSA of 2,048 bits nor on P-256, P-384 or P-521");
}
