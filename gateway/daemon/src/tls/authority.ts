import { randomBytes, X509Certificate } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "@tram/core";
import { PRODUCT } from "@tram/protocol";
import type { Audit } from "../audit/audit-log.ts";
import type { FeatureMeter } from "../write-meter/write-meter.ts";
import { CertificateFiles } from "./certificate-files.ts";
import {
  type KeyPair,
  makeAuthority,
  makeBridge,
  makeClient,
  makeRevocationList,
  makeServer,
  signRequest,
} from "./certificates.ts";
import { type KeyBundle, readBundle, writeBundle } from "./key-bundle.ts";
import {
  dated,
  expired,
  type IssuedCertificate,
  type Ledger,
  type PreviousAuthority,
  readLedger,
  revokedSerials,
  takeBack,
} from "./ledger.ts";
import { serverNames } from "./server-names.ts";
import { isStale } from "./stale-server.ts";
import { type Validity, validityOf } from "./validity.ts";
import { serialOf } from "./verify-client.ts";

const AUTHORITY_DAYS = 7_300;
const SERVER_DAYS = 825;
const CLIENT_DAYS = 3_650;
/** A list of revocations that nobody renews must not stop anybody. */
const LIST_DAYS = 3_650;
/** Who renews the broker's certificate when nobody asked for it. */
const ITSELF = "gateway";

const AUTHORITY_FILE = "ca.key";
const SERVER_FILE = "server.key";
const LEDGER_FILE = "issued.json";
const LIST_FILE = "crl.pem";

export interface AuthorityParts {
  /** Data folder; the authority lives in `tls` there. */
  readonly data: string;
  readonly clock: Clock;
  readonly audit: Audit;
  /** Names of the gateway, besides those of the machine. */
  readonly names: readonly string[];
  readonly meter?: Pick<FeatureMeter, "wrote">;
}

/** A certificate authority of the house: for the broker's certificate and those of its clients. */
export class Authority {
  readonly #files: CertificateFiles;
  readonly #parts: AuthorityParts;
  readonly #changed = new Set<() => void>();
  readonly #ended = new Set<(account: string) => void>();
  readonly #parsed = new Map<string, X509Certificate>();
  #own: KeyBundle | undefined;
  #server: KeyPair | undefined;
  #ledger: Ledger = { issued: [] };
  #revoked: ReadonlySet<string> = new Set();
  #crl = "";
  /** The disk does not have what memory has: it is tried again. */
  #owed = false;
  /** Serial numbers of certificates whose end was told. */
  readonly #told = new Set<string>();
  /** One change at a time: each writes several files. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(parts: AuthorityParts) {
    this.#parts = parts;
    this.#files = new CertificateFiles(join(parts.data, "tls"), parts.meter);
  }

  /** Reads what an earlier run made. @throws {Error} when a file cannot be read or is not what it should be. */
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

  /** The authority before this one, while what it signed counts. While nobody knows the time, it does. */
  get previous(): PreviousAuthority | undefined {
    const { clock } = this.#parts;
    const { previous } = this.#ledger;
    // Equal when a change of authorities was broken off before the new one was kept.
    if (previous === undefined || previous.certificate === this.#own?.certificate) return undefined;
    const { until } = previous;
    const counts = until === undefined || clock.trust === "untrusted" || clock.now() < Date.parse(until);
    return counts ? previous : undefined;
  }

  /**
   * Key and certificate of the broker. While the authority before this one counts, what it says for this one is shown
   * too: devices that know that one alone still find their broker.
   */
  get server(): KeyPair | undefined {
    if (this.#server === undefined) return undefined;
    const { certificate, key } = this.#server;
    const bridge = this.previous === undefined ? undefined : this.#own?.bridge;
    return { key, certificate: certificate + (bridge ?? "") };
  }

  /** Those whose certificates count. */
  get trusted(): readonly X509Certificate[] {
    return [this.#own?.certificate, this.previous?.certificate].flatMap((pem) =>
      pem === undefined ? [] : [this.#parse(pem)],
    );
  }

  get revoked(): ReadonlySet<string> {
    return this.#revoked;
  }

  /** Calls `listener` when the broker's certificate, or whose certificates count, has changed. */
  onChange(listener: () => void): Disposable {
    this.#changed.add(listener);
    return { [Symbol.dispose]: () => void this.#changed.delete(listener) };
  }

  /** Calls `listener` with an account whose certificate has ceased to count: its connections are to end. */
  onEnded(listener: (account: string) => void): Disposable {
    this.#ended.add(listener);
    return { [Symbol.dispose]: () => void this.#ended.delete(listener) };
  }

  /**
   * Makes the authority and the broker's certificate.
   * @returns false when there is one already.
   * @throws {StoreError} when the disk does not take it: there is none then.
   */
  init(by: string): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#own !== undefined) return false;
      await this.#begin(by, {});
      return true;
    });
  }

  /**
   * Makes a certificate with its key, which is not kept here.
   * @throws {StoreError} when it was not entered: it does not count.
   */
  issue(id: string, by: string): Promise<KeyPair> {
    return this.#inTurn(async () => {
      const pair = await makeClient(this.#needed(), id, this.#validity(CLIENT_DAYS));
      this.#enter(pair.certificate, id, by);
      return pair;
    });
  }

  /**
   * Signs the request of a client.
   * @throws {CertificateError} when it cannot be used.
   * @throws {StoreError} when it was not entered: the certificate does not count.
   */
  sign(request: string, id: string, by: string): Promise<string> {
    return this.#inTurn(async () => {
      const validity = this.#validity(CLIENT_DAYS);
      const certificate = await signRequest(this.#needed(), request, { id, validity });
      this.#enter(certificate, id, by);
      return certificate;
    });
  }

  /**
   * Takes certificates back: the one with a serial number, or all of an account. It holds at once, kept or not.
   * @returns those that were taken back now.
   * @throws {StoreError} when the disk does not take it: it holds, but a power cut could bring them back.
   */
  revoke(which: string, by: string): Promise<readonly IssuedCertificate[]> {
    return this.#inTurn(async () => {
      const serial = serialOf(which.replaceAll(":", ""));
      const hit = this.#takeBack((each) => each.id === which || each.serial === serial, by);
      if (hit.length > 0) await this.#keep();
      return hit;
    });
  }

  /** Makes a new certificate for the broker. @throws {StoreError} when the disk does not take it. */
  renew(by: string): Promise<void> {
    return this.#inTurn(() => this.#renewServer(by));
  }

  /**
   * Makes a new authority. The one before counts for some days more: for clients that have its certificates, and for
   * clients that check the broker with it.
   * @param overlapDays 0 when its key is in wrong hands: nothing that it signed counts any more.
   * @returns false when one before this still counts; only with an overlap of 0 it is taken back too.
   * @throws {StoreError} when the disk does not take it.
   */
  replace(by: string, overlapDays: number): Promise<boolean> {
    return this.#inTurn(async () => {
      const { certificate } = this.#needed();
      if (overlapDays > 0 && this.previous !== undefined) return false;
      const previous = dated({ certificate, overlapDays }, this.#parts.clock);
      await this.#begin(by, overlapDays === 0 ? {} : { previous });
      if (overlapDays === 0) await this.#dropForeign(by);
      return true;
    });
  }

  /** What time brings: renewals, the end of an overlap, of certificates. Called now and then. */
  look(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#own === undefined) return;
      if (this.#owed) await this.#keep();
      await this.#watchOverlap();
      if (this.#isServerStale()) await this.#renewServer(ITSELF);
      const { clock } = this.#parts;
      if (clock.trust === "untrusted") return;
      // They came while nobody knew the time, or have stayed for years.
      for (const { id, serial } of expired(this.#ledger, clock.now())) {
        if (this.#told.has(serial)) continue;
        this.#told.add(serial);
        this.#tellEnded(id);
      }
    });
  }

  async #begin(by: string, { previous }: { previous?: PreviousAuthority }): Promise<void> {
    // Names differ from one to the next: who knows both must be able to tell which one signed.
    const name = `${PRODUCT.title} ${this.#parts.names[0] ?? "gateway"} ${randomBytes(3).toString("hex")}`;
    const validity = this.#validity(AUTHORITY_DAYS);
    const next = await makeAuthority(name, validity);
    const bridge =
      previous === undefined ? undefined : await makeBridge(this.#needed(), next.certificate, name, validity);
    // Kept before the new one takes over: what the old one signed must not be lost in between.
    this.#writeLedger({ ...this.#ledger, previous });
    this.#files.write(AUTHORITY_FILE, writeBundle({ ...next, bridge }));
    this.#own = { ...next, bridge };
    const detail = this.#parse(next.certificate).fingerprint256;
    this.#parts.audit({ action: "authority-created", subject: PRODUCT.name, by, detail });
    await this.#renewServer(by);
    await this.#writeList();
  }

  async #renewServer(by: string): Promise<void> {
    const names = serverNames(this.#parts.names);
    const server = await makeServer(this.#needed(), names, this.#validity(SERVER_DAYS));
    this.#files.write(SERVER_FILE, writeBundle(server));
    this.#server = server;
    const detail = serialOf(this.#parse(server.certificate).serialNumber);
    this.#parts.audit({ action: "broker-certificate-renewed", subject: PRODUCT.name, by, detail });
    this.#tellChanged();
  }

  #isServerStale(): boolean {
    const { clock, names } = this.#parts;
    if (this.#server === undefined) return true;
    const authority = this.#parse(this.#needed().certificate);
    return isStale(this.#parse(this.#server.certificate), { authority, clock, names: serverNames(names) });
  }

  async #watchOverlap(): Promise<void> {
    const { clock } = this.#parts;
    const { previous } = this.#ledger;
    if (previous === undefined || clock.trust === "untrusted") return;
    if (previous.until === undefined) {
      this.#writeLedger({ ...this.#ledger, previous: dated(previous, clock) });
    } else if (this.previous === undefined) {
      await this.#dropForeign(ITSELF);
      this.#tellChanged();
    }
  }

  /** Nothing that another authority signed counts any more. */
  async #dropForeign(by: string): Promise<void> {
    const own = this.#ownSerial();
    this.#setLedger({ ...this.#ledger, previous: undefined });
    this.#takeBack(({ authority }) => authority !== own, by);
    await this.#keep();
  }

  #takeBack(matches: (certificate: IssuedCertificate) => boolean, by: string): readonly IssuedCertificate[] {
    const { hit, ledger } = takeBack(this.#ledger, this.#parts.clock.now(), matches);
    this.#setLedger(ledger);
    for (const { id, serial } of hit) {
      this.#parts.audit({ action: "certificate-revoked", subject: id, by, detail: serial });
    }
    for (const id of new Set(hit.map((each) => each.id))) this.#tellEnded(id);
    return hit;
  }

  #enter(certificate: string, id: string, by: string): void {
    const { serialNumber, validTo } = new X509Certificate(certificate);
    const serial = serialOf(serialNumber);
    const notAfter = new Date(validTo).toISOString();
    const entry: IssuedCertificate = { serial, id, notAfter, authority: this.#ownSerial() };
    this.#writeLedger({ ...this.#ledger, issued: [...this.issued, entry] });
    this.#parts.audit({ action: "certificate-issued", subject: id, by, detail: serial });
  }

  /** Brings to the disk what memory has already. */
  async #keep(): Promise<void> {
    this.#owed = true;
    this.#writeLedger(this.#ledger);
    await this.#writeList();
    this.#owed = false;
  }

  async #writeList(): Promise<void> {
    const own = this.#ownSerial();
    const revoked = this.issued.flatMap(({ authority, revokedAt, serial }) =>
      revokedAt === undefined || authority !== own ? [] : [{ serial, at: new Date(revokedAt) }],
    );
    this.#crl = await makeRevocationList(this.#needed(), revoked, this.#validity(LIST_DAYS));
    this.#files.write(LIST_FILE, this.#crl);
  }

  #writeLedger(ledger: Ledger): void {
    this.#files.write(LEDGER_FILE, JSON.stringify(ledger));
    this.#setLedger(ledger);
  }

  #setLedger(ledger: Ledger): void {
    this.#ledger = ledger;
    this.#revoked = revokedSerials(ledger);
  }

  #read(): void {
    const own = this.#files.read(AUTHORITY_FILE);
    if (own === undefined) return;
    this.#own = readBundle(own, this.#files.path(AUTHORITY_FILE));
    // Written before the key: without it nobody would know what was revoked.
    this.#setLedger(readLedger(this.#files.read(LEDGER_FILE) ?? "", this.#files.path(LEDGER_FILE)));
    this.#crl = this.#files.read(LIST_FILE) ?? "";
    this.#owed = this.#crl === "";
    const server = this.#files.read(SERVER_FILE);
    if (server === undefined) return;
    try {
      this.#server = readBundle(server, this.#files.path(SERVER_FILE));
    } catch {
      // It is made anew at the first look: nobody but this gateway had it.
    }
  }

  #needed(): KeyPair {
    if (this.#own === undefined) throw new Error(`no certificate authority: ${PRODUCT.name} ca init`);
    return this.#own;
  }

  #ownSerial(): string {
    return serialOf(this.#parse(this.#needed().certificate).serialNumber);
  }

  #parse(pem: string): X509Certificate {
    const known = this.#parsed.get(pem);
    if (known !== undefined) return known;
    const parsed = new X509Certificate(pem);
    // Authorities and certificates of the broker: a handful in a run.
    this.#parsed.set(pem, parsed);
    return parsed;
  }

  #validity(days: number): Validity {
    const { clock } = this.#parts;
    return validityOf(clock.now(), clock.trust, days);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }

  #tellChanged(): void {
    for (const listener of [...this.#changed]) listener();
  }

  #tellEnded(account: string): void {
    for (const listener of [...this.#ended]) listener(account);
  }
}
