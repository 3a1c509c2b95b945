import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "@tram/core";
import { type Ms, PRODUCT } from "@tram/protocol";
import type { Audit } from "../audit/audit-log.ts";
import { CertificateFiles } from "./certificate-files.ts";
import {
  type KeyPair,
  makeAuthority,
  makeClient,
  makeRevocationList,
  makeServer,
  signRequest,
} from "./certificates.ts";
import { type ServerNames, serverNames } from "./server-names.ts";
import { validityOf } from "./validity.ts";
import { serialOf } from "./verify-client.ts";

const AUTHORITY_DAYS = 7_300;
const SERVER_DAYS = 825;
const CLIENT_DAYS = 3_650;
/** A list of revocations that nobody renews must not stop anybody. */
const LIST_DAYS = 3_650;
/** How long an authority counts after another has taken its place: devices are to get their new certificates meanwhile. */
const OVERLAP_DAYS = 365;
const DAY_MS: Ms = 86_400_000;
/** The server certificate is renewed when less than this is left. */
const RENEWED_MS: Ms = 90 * DAY_MS;

/** What was issued, and what was taken back. */
export interface IssuedCertificate {
  readonly serial: string;
  /** Common name: the account. */
  readonly id: string;
  /** ISO 8601. */
  readonly notAfter: string;
  readonly revokedAt?: string;
}

interface Ledger {
  readonly issued: readonly IssuedCertificate[];
  /** The authority before this one, and until when it counts. */
  readonly previous?: { readonly certificate: string; readonly until: string } | undefined;
}

export interface AuthorityParts {
  /** Data folder; the authority lives in `tls` there. */
  readonly data: string;
  readonly clock: Clock;
  readonly audit: Audit;
  /** Names of the gateway, besides those of the machine. */
  readonly names: readonly string[];
}

/** A certificate authority of the house: for the broker's certificate and those of its clients. */
export class Authority {
  readonly #files: CertificateFiles;
  readonly #parts: AuthorityParts;
  readonly #listeners = new Set<() => void>();
  #own: KeyPair | undefined;
  #server: KeyPair | undefined;
  #names: ServerNames | undefined;
  #ledger: Ledger = { issued: [] };
  #crl = "";
  /** One change at a time: each writes several files. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(parts: AuthorityParts) {
    this.#parts = parts;
    this.#files = new CertificateFiles(join(parts.data, "tls"));
  }

  /** Reads what an earlier run made. @throws {Error} when a file cannot be read or is no certificate. */
  static open(parts: AuthorityParts): Authority {
    const authority = new Authority(parts);
    authority.#read();
    return authority;
  }

  /** There is one. */
  get exists(): boolean {
    return this.#own !== undefined;
  }

  /** PEM. */
  get certificate(): string | undefined {
    return this.#own?.certificate;
  }

  /** The signed list of revoked certificates, PEM. */
  get revocationList(): string {
    return this.#crl;
  }

  get issued(): readonly IssuedCertificate[] {
    return this.#ledger.issued;
  }

  /** Certificate and key of the broker. */
  get server(): KeyPair | undefined {
    return this.#server;
  }

  /** Those that count: this one, and the one before it for a while. While nobody knows the time, that one too. */
  get trusted(): readonly X509Certificate[] {
    const { clock } = this.#parts;
    const { previous } = this.#ledger;
    const counts =
      previous !== undefined && (clock.trust === "untrusted" || clock.now() < Date.parse(previous.until));
    return [this.#own?.certificate, counts ? previous.certificate : undefined].flatMap((pem) =>
      pem === undefined ? [] : [new X509Certificate(pem)],
    );
  }

  get revoked(): ReadonlySet<string> {
    return new Set(
      this.issued.filter(({ revokedAt }) => revokedAt !== undefined).map(({ serial }) => serial),
    );
  }

  /** Calls `listener` when the broker's certificate or what is revoked has changed. */
  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Makes the authority and the broker's certificate. @returns false when there is one already. */
  init(by: string): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#own !== undefined) return false;
      await this.#begin(by);
      return true;
    });
  }

  /** Makes a certificate with its key, which is not kept here. @throws {Error} when there is no authority. */
  issue(id: string, by: string): Promise<KeyPair> {
    return this.#inTurn(async () => {
      const pair = await makeClient(this.#needed(), id, this.#validity(CLIENT_DAYS));
      this.#enter(pair.certificate, id, by);
      return pair;
    });
  }

  /** Signs the request of a client. @throws {CertificateError} when it cannot be used. */
  sign(request: string, id: string, by: string): Promise<string> {
    return this.#inTurn(async () => {
      const certificate = await signRequest(this.#needed(), request, {
        id,
        validity: this.#validity(CLIENT_DAYS),
      });
      this.#enter(certificate, id, by);
      return certificate;
    });
  }

  /**
   * Takes certificates back: the one with a serial number, or all of an account.
   * @returns those that were taken back now.
   */
  revoke(which: string, by: string): Promise<readonly IssuedCertificate[]> {
    return this.#inTurn(async () => {
      const serial = serialOf(which.replaceAll(":", ""));
      const hit = this.issued.filter(
        (each) => each.revokedAt === undefined && (each.id === which || each.serial === serial),
      );
      if (hit.length === 0) return [];
      const revokedAt = new Date(this.#parts.clock.now()).toISOString();
      const issued = this.issued.map((each) => (hit.includes(each) ? { ...each, revokedAt } : each));
      this.#writeLedger({ ...this.#ledger, issued });
      await this.#writeList();
      for (const each of hit)
        this.#parts.audit({ action: "certificate-revoked", subject: each.id, by, detail: each.serial });
      this.#tell();
      return hit;
    });
  }

  /** Makes a new certificate for the broker, or a new authority; the one before counts for a year more. */
  rotate(what: "server" | "authority", by: string): Promise<void> {
    return this.#inTurn(async () => {
      const { certificate } = this.#needed();
      if (what === "server") await this.#renewServer();
      else {
        const until = new Date(this.#parts.clock.now() + OVERLAP_DAYS * DAY_MS).toISOString();
        this.#writeLedger({ ...this.#ledger, previous: { certificate, until } });
        await this.#begin(by);
      }
      this.#tell();
    });
  }

  /** Renews the broker's certificate where its names have changed or it is about to expire. Called now and then. */
  async look(): Promise<void> {
    if (this.#own === undefined) return;
    const names = serverNames(this.#parts.names);
    const { clock } = this.#parts;
    const left =
      this.#server === undefined
        ? 0
        : Date.parse(new X509Certificate(this.#server.certificate).validTo) - clock.now();
    const stale = clock.trust !== "untrusted" && left < RENEWED_MS;
    if (!stale && JSON.stringify(names) === JSON.stringify(this.#names)) return;
    await this.#inTurn(() => this.#renewServer());
    this.#tell();
  }

  async #begin(by: string): Promise<void> {
    this.#own = await makeAuthority(
      `${PRODUCT.title} ${this.#parts.names[0] ?? "gateway"}`,
      this.#validity(AUTHORITY_DAYS),
    );
    this.#files.write("ca.key", this.#own.key);
    this.#files.write("ca.pem", this.#own.certificate);
    await this.#renewServer();
    await this.#writeList();
    const detail = new X509Certificate(this.#own.certificate).fingerprint256;
    this.#parts.audit({ action: "authority-created", subject: PRODUCT.name, by, detail });
    this.#tell();
  }

  async #renewServer(): Promise<void> {
    const names = serverNames(this.#parts.names);
    this.#server = await makeServer(this.#needed(), names, this.#validity(SERVER_DAYS));
    this.#names = names;
    this.#files.write("server.key", this.#server.key);
    this.#files.write("server.pem", this.#server.certificate);
    this.#files.write("server-names.json", JSON.stringify(names));
  }

  #enter(certificate: string, id: string, by: string): void {
    const { serialNumber, validTo } = new X509Certificate(certificate);
    const serial = serialOf(serialNumber);
    const entry: IssuedCertificate = { serial, id, notAfter: new Date(validTo).toISOString() };
    this.#writeLedger({ ...this.#ledger, issued: [...this.issued, entry] });
    this.#parts.audit({ action: "certificate-issued", subject: id, by, detail: serial });
  }

  async #writeList(): Promise<void> {
    const revoked = this.issued.flatMap(({ revokedAt, serial }) =>
      revokedAt === undefined ? [] : [{ serial, at: new Date(revokedAt) }],
    );
    this.#crl = await makeRevocationList(this.#needed(), revoked, this.#validity(LIST_DAYS));
    this.#files.write("crl.pem", this.#crl);
  }

  #writeLedger(ledger: Ledger): void {
    this.#files.write("issued.json", JSON.stringify(ledger));
    this.#ledger = ledger;
  }

  #read(): void {
    this.#own = this.#pair("ca");
    this.#server = this.#pair("server");
    this.#crl = this.#files.read("crl.pem") ?? "";
    const names = this.#files.read("server-names.json");
    if (names !== undefined) this.#names = JSON.parse(names) as ServerNames;
    const ledger = this.#files.read("issued.json");
    if (ledger !== undefined) this.#ledger = JSON.parse(ledger) as Ledger;
  }

  #pair(name: "ca" | "server"): KeyPair | undefined {
    const [certificate, key] = [this.#files.read(`${name}.pem`), this.#files.read(`${name}.key`)];
    if (certificate === undefined || key === undefined) return undefined;
    try {
      new X509Certificate(certificate); // Says now what is wrong with it.
    } catch (cause) {
      throw new Error(`tls/${name}.pem: expected a certificate in PEM`, { cause });
    }
    return { certificate, key };
  }

  #needed(): KeyPair {
    if (this.#own === undefined) throw new Error(`no certificate authority: ${PRODUCT.name} ca init`);
    return this.#own;
  }

  #validity(days: number): ReturnType<typeof validityOf> {
    const { clock } = this.#parts;
    return validityOf(clock.now(), clock.trust, days);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
