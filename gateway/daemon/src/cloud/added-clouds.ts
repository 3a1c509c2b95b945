import {
  type CheckResult,
  checkCloud,
  endingOf,
  firstFailure,
  forgetBridge,
  renewalTime,
} from "@tram/cloud-bridge";
import type { Clock, Log, Store } from "@tram/core";
import type {
  CloudAdded,
  CloudCertificate,
  CloudCheckView,
  CloudPassword,
  CloudView,
  EpochMs,
  NewCloud,
} from "@tram/protocol";
import type { Audit, AuditAction } from "../audit/audit-log.ts";
import type { CloudSettings } from "../config/check.ts";
import type { CertificateEnding } from "./certificate-ending.ts";
import type { CloudFolders, KeptCloud } from "./cloud-folders.ts";
import { type CloudRefusal, type CloudResult, done, refuse } from "./cloud-result.ts";
import { checkView, cloudView, failureLine, secretOf } from "./cloud-words.ts";
import { CredentialExchange, type OpenedCloud } from "./credential-exchange.ts";
import { type Prepared, prepareCloud } from "./new-cloud.ts";
import { identityProblems } from "./new-cloud-entry.ts";
import type { Clouds } from "./open-bridges.ts";

export interface AddedCloudsParts {
  readonly folders: CloudFolders;
  /** Id of the gateway. */
  readonly gateway: string;
  /** The clouds of the configuration file; an id that is in both is theirs. */
  readonly configured: readonly CloudSettings[];
  readonly clouds: Pick<Clouds, "bridges" | "add" | "remove">;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
  /** Told when something was added, exchanged or removed. */
  readonly onChange: () => void;
}

/** Who has asked. */
export interface Asker {
  readonly by: string;
  readonly address?: string;
}

/** The clouds that people add to the running gateway, and all clouds where they are looked at. */
export class AddedClouds implements Disposable {
  readonly #parts: AddedCloudsParts;
  /** Ids that something is being done with, with the steps of a check as far as it has come. */
  readonly #busy = new Map<string, CheckResult[]>();
  readonly #stop = new AbortController();
  readonly #credentials: CredentialExchange;
  /** Of the certificates that this gateway cannot renew; read again after a change. */
  #endings: readonly CertificateEnding[] | undefined;

  constructor(parts: AddedCloudsParts) {
    this.#parts = parts;
    this.#credentials = new CredentialExchange({ ...parts, signal: this.#stop.signal });
  }

  /** Opens what was added before. @returns what was not opened, and why. @throws {StoreError} */
  async open(): Promise<readonly { readonly id: string; readonly problem: string }[]> {
    const { clouds, folders, log } = this.#parts;
    folders.recover();
    for (const id of folders.removed()) await this.#forget(id);
    const problems: { readonly id: string; readonly problem: string }[] = [];
    for (const kept of folders.list()) {
      const problem = this.#problemOf(kept);
      if (problem === undefined && "settings" in kept) await clouds.add(kept.settings);
      else {
        problems.push({ id: kept.id, problem: problem ?? "it cannot be read" });
        log.warn({ cloud: kept.id, problem }, "a cloud that was added is not opened");
      }
    }
    return problems;
  }

  /** All clouds, those of the configuration file first. */
  list(): readonly CloudView[] {
    const { configured, folders, gateway } = this.#parts;
    const view = (settings: CloudSettings, source: CloudView["source"], renews: boolean): CloudView =>
      cloudView(settings, { gateway, source, renews, state: this.#bridge(settings.config.id)?.state });
    return [
      ...configured.map((settings) => view(settings, "file", false)),
      ...folders.list().map((kept): CloudView => {
        const problem = this.#problemOf(kept);
        if (!("settings" in kept)) {
          return { id: kept.id, provider: "", place: "", source: "added", problem: kept.problem };
        }
        const shown = view(kept.settings, "added", kept.record.provisionedBy !== undefined);
        if (problem === undefined) return shown;
        const { state: _others, ...own } = shown;
        return { ...own, problem };
      }),
    ];
  }

  /** Adds a cloud. It is kept once it has taken a message of ours, and not before. */
  add(request: NewCloud, who: Asker): Promise<CloudResult<CloudAdded>> {
    const { clock, clouds, folders, gateway } = this.#parts;
    const { id } = request;
    return this.#alone(id, async (steps) => {
      if (this.#isConfigured(id)) {
        return refuse("configured", `The configuration file has a cloud ${id}.`);
      }
      if (folders.has(id)) return refuse("exists", `There is a cloud ${id}; remove it first.`);
      const prepared = await prepareCloud(request, { clock, gateway, steps }, this.#stop.signal);
      if (!prepared.ok) return refusedPreparation(id, prepared);
      // Asked once more: it has taken its time.
      this.#stop.signal.throwIfAborted();
      if (folders.removed().includes(id)) await this.#forget(id);
      const kept = folders.write(prepared.record);
      const takeBack = (): void => {
        folders.remove(id);
        folders.forgotten(id);
      };
      if (!("settings" in kept)) {
        takeBack();
        return refuse("invalid-cloud", kept.problem);
      }
      try {
        await clouds.add(kept.settings);
      } catch (error) {
        takeBack();
        throw error;
      }
      this.#changed("cloud-added", id, who, cloudPlace(kept));
      const cloud = this.list().find((each) => each.id === id && each.source === "added");
      if (cloud === undefined) throw new Error("a cloud that was kept is not there");
      return done({
        cloud,
        ...(prepared.check.length === 0 ? {} : { check: checkView(id, prepared.check) }),
      });
    });
  }

  /** Looks at one cloud, step by step. It publishes a message, unless the bridge is connected anyway. */
  check(id: string): Promise<CloudResult<CloudCheckView>> {
    const { clock, configured, folders, gateway } = this.#parts;
    return this.#alone(id, async (results) => {
      const kept = folders.list().find((each) => each.id === id);
      const settings =
        configured.find(({ config }) => config.id === id) ??
        (kept !== undefined && "settings" in kept ? kept.settings : undefined);
      if (settings === undefined) {
        if (kept === undefined) return refuse("unknown-cloud", `There is no cloud ${id}.`);
        const broken: CheckResult = {
          step: "configuration",
          outcome: "failed",
          said: "problem" in kept ? kept.problem : "it cannot be read",
          advice: "Remove it, and add it again.",
        };
        return done(checkView(id, [broken]));
      }
      const bridge = this.#bridge(id);
      const terms = {
        ...settings,
        gateway,
        clock,
        results,
        ...(bridge === undefined ? {} : { bridge: { state: bridge.state, sent: bridge.status().sent } }),
      };
      return done(checkView(id, await checkCloud(terms, this.#stop.signal)));
    });
  }

  /** How far the check of a cloud has come that runs now; of one that is being added too. */
  progress(id: string): CloudResult<CloudCheckView> {
    const steps = this.#busy.get(id);
    return steps === undefined
      ? refuse("unknown-cloud", `Nothing is being done with ${id}.`)
      : done(checkView(id, steps));
  }

  /** Takes a cloud away, with what waits for it. @returns how many messages that were. */
  remove(id: string, who: Asker): Promise<CloudResult<number>> {
    const { clouds, folders } = this.#parts;
    return this.#alone(id, async () => {
      if (!folders.has(id)) {
        return this.#isConfigured(id)
          ? refuse("configured", `${id} stands in the configuration file: it is removed there.`)
          : refuse("unknown-cloud", `There is no cloud ${id}.`);
      }
      folders.remove(id);
      this.#changed("cloud-removed", id, who);
      if (!this.#isConfigured(id)) await clouds.remove(id);
      return done(await this.#forget(id));
    });
  }

  /** Gets a new certificate for a new key. Those before are in use until a connection was made with the new ones. */
  renew(id: string, who: Asker): Promise<CloudResult<CloudView>> {
    return this.#exchange(id, who, (opened) => this.#credentials.renew(opened));
  }

  /** Puts a certificate that somebody has in the place of the present one, once the cloud has taken a message with it. */
  replaceCertificate(id: string, pair: CloudCertificate, who: Asker): Promise<CloudResult<CloudView>> {
    return this.#exchange(id, who, async (opened) => {
      if (opened.record.cert === undefined) return refuse("not-provisioned", `${id} has no certificate.`);
      const problems = [...identityProblems({ cert: pair.certificate, key: pair.key })];
      return problems.length > 0
        ? refusedPreparation(id, { ok: false, code: "invalid-cloud", problems })
        : await this.#credentials.replaceCertificate(opened, pair);
    });
  }

  /** Puts another password or token in the place of the present one, once the cloud has taken a message with it. */
  replacePassword(id: string, { password }: CloudPassword, who: Asker): Promise<CloudResult<CloudView>> {
    return this.#exchange(id, who, async (opened) =>
      secretOf(opened.settings.config) === undefined
        ? refuse("not-provisioned", `${id} signs on without a password.`)
        : await this.#credentials.replacePassword(opened, password),
    );
  }

  /** Those whose certificate this gateway renews, with the time from which on. */
  renewals(): readonly { readonly id: string; readonly at: EpochMs }[] {
    return this.#parts.folders.list().flatMap((kept) => {
      if (!("settings" in kept) || this.#problemOf(kept) !== undefined) return [];
      const { record } = kept;
      return record.provisionedBy === undefined || record.cert === undefined
        ? []
        : [{ id: kept.id, at: renewalTime(record.cert) }];
    });
  }

  /** Of the certificates that this gateway cannot renew those that end soon, by a clock that somebody has set. */
  endings(): readonly CertificateEnding[] {
    const { clock } = this.#parts;
    if (clock.trust === "untrusted") return [];
    this.#endings ??= this.#readEndings();
    return this.#endings.filter(({ near }) => clock.now() >= near);
  }

  /** Ends what is going on. */
  [Symbol.dispose](): void {
    this.#stop.abort(new Error("the gateway stops"));
  }

  /**
   * Ends a removal, which a crash or a full disk may have cut off before: what waited for a cloud that is gone must not go to
   * the next one of its id. @returns how many messages that were. @throws {StoreError} it is tried again at the next start.
   */
  async #forget(id: string): Promise<number> {
    const { folders, store } = this.#parts;
    // The bridge of this id is the file's, and so is what waits.
    const waited = this.#isConfigured(id) ? 0 : await forgetBridge(store, id);
    folders.forgotten(id);
    return waited;
  }

  #isConfigured(id: string): boolean {
    return this.#parts.configured.some(({ config }) => config.id === id);
  }

  #readEndings(): readonly CertificateEnding[] {
    const { configured, folders } = this.#parts;
    const ending = ({ config, identity }: CloudSettings, source: CertificateEnding["source"]) =>
      identity?.cert === undefined ? [] : [{ id: config.id, source, ...endingOf(identity.cert) }];
    return [
      ...configured.flatMap((settings) => ending(settings, "file")),
      ...folders.list().flatMap((kept) => {
        const ours = "settings" in kept && this.#problemOf(kept) === undefined;
        return ours && kept.record.provisionedBy === undefined ? ending(kept.settings, "added") : [];
      }),
    ];
  }

  /** A cloud that was added and is open. */
  #opened(id: string): OpenedCloud | ReturnType<typeof refuse> {
    const kept = this.#parts.folders.list().find((each) => each.id === id);
    if (kept === undefined) return refuse("unknown-cloud", `No cloud ${id} was added.`);
    const bridge = this.#bridge(id);
    if (!("settings" in kept) || bridge === undefined || this.#problemOf(kept) !== undefined) {
      return refuse("not-provisioned", `The cloud ${id} is not open.`);
    }
    return { ...kept, bridge };
  }

  #exchange(
    id: string,
    who: Asker,
    work: (opened: OpenedCloud) => Promise<CloudResult<void>>,
  ): Promise<CloudResult<CloudView>> {
    return this.#alone(id, async () => {
      const opened = this.#opened(id);
      if ("refusal" in opened) return opened;
      const result = await work(opened);
      if (!result.ok) return result;
      this.#changed("cloud-renewed", id, who);
      const view = this.list().find((each) => each.id === id);
      return view === undefined ? refuse("unknown-cloud", `There is no cloud ${id}.`) : done(view);
    });
  }

  #bridge(id: string) {
    return this.#parts.clouds.bridges.find((bridge) => bridge.id === id);
  }

  #problemOf(kept: KeptCloud): string | undefined {
    if ("problem" in kept) return kept.problem;
    return this.#isConfigured(kept.id)
      ? "the configuration file has a cloud of the same id: that one counts"
      : undefined;
  }

  /** One thing at a time with each cloud. */
  async #alone<T>(
    id: string,
    work: (steps: CheckResult[]) => Promise<CloudResult<T>>,
  ): Promise<CloudResult<T>> {
    if (this.#busy.has(id)) return refuse("busy", `Something else is being done with ${id} now.`);
    const steps: CheckResult[] = [];
    this.#busy.set(id, steps);
    try {
      return await work(steps);
    } finally {
      this.#busy.delete(id);
    }
  }

  #changed(action: AuditAction, subject: string, { by, address }: Asker, detail?: string): void {
    this.#endings = undefined;
    this.#parts.audit({ action, subject, by, address, detail });
    this.#parts.onChange();
  }
}

function refusedPreparation(
  id: string,
  prepared: Prepared & { readonly ok: false },
): { readonly ok: false; readonly refusal: CloudRefusal } {
  const { check = [], code, problems = [] } = prepared;
  const failure = firstFailure(check);
  if (failure !== undefined) {
    return refuse(code, `Nothing is kept. ${failureLine(failure)}`, { check: checkView(id, check) });
  }
  const lines = problems.map(({ path, problem }) => `${path}: ${problem}`);
  return refuse(code, lines.join("; "), { errors: problems });
}

function cloudPlace(kept: KeptCloud): string | undefined {
  if (!("settings" in kept)) return undefined;
  const { config } = kept.settings;
  switch (config.provider) {
    case "mqtt":
      return config.url;
    case "aws-iot":
      return `${config.endpoint}, ${config.thing_name ?? ""}`;
    case "bluemix":
      return `${config.host}, ${config.org}, ${config.gateway_id ?? ""}`;
  }
}
