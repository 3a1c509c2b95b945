import type { Broker, Log } from "@tram/core";
import type { AuditLog } from "../../audit/audit-log.ts";
import type { Access } from "./access.ts";
import type { CredentialSpec, Credentials } from "./credentials.ts";
import { ancestorsOf } from "./homie-owner.ts";
import type { LoginBackoff } from "./login-backoff.ts";
import type { NameProblem, Names } from "./names.ts";

export interface GrantsParts {
  readonly credentials: Credentials;
  readonly names: Names;
  readonly access: Access;
  readonly backoff: LoginBackoff;
  readonly audit: AuditLog;
  readonly broker: () => Pick<Broker, "disconnect" | "sessions">;
  /** Tells of an account that has ended. */
  readonly onEnded: (account: string) => void;
  readonly log: Log;
}

export type GrantResult =
  | { readonly ok: true; readonly secret: string }
  | ({ readonly ok: false } & (NameProblem | { readonly code: "busy"; readonly problem: string }));

/** Gives credentials and takes them, with what follows for those who are connected. Everything is written down. */
export class Grants {
  readonly #parts: GrantsParts;
  readonly #underWay = new Set<string>();

  constructor(parts: GrantsParts) {
    this.#parts = parts;
  }

  /** What is in the way of a credential with this id. */
  refusal(
    id: string,
    options: { readonly replace: boolean },
  ): Exclude<GrantResult, { ok: true }> | undefined {
    const problem = this.#parts.names.problem(id, options);
    if (problem !== undefined) return { ok: false, ...problem };
    if (!this.#underWay.has(id)) return undefined;
    return { ok: false, code: "busy", problem: `a credential for ${id} is being made` };
  }

  /**
   * Makes a credential; it is durable when this resolves.
   * @throws {StoreError} when it was not kept: nothing has changed then.
   */
  async grant(
    spec: CredentialSpec,
    options: { readonly replace: boolean; readonly address?: string | undefined },
  ): Promise<GrantResult> {
    const { credentials, names, audit, backoff } = this.#parts;
    const { id, kind, role, topics, createdBy: by } = spec;
    const refused = this.refusal(id, options);
    if (refused !== undefined) return refused;
    const taken = topics === undefined || role !== "device" ? undefined : names.topicsProblem(id, topics);
    if (taken !== undefined) return { ok: false, ...taken };
    this.#underWay.add(id);
    try {
      const action = credentials.get(id) === undefined ? "credential-granted" : "credential-replaced";
      const detail = `${role}, ${kind}${spec.certificate === undefined ? "" : ", with a certificate"}`;
      const entry = { action, subject: id, by, address: options.address, detail } as const;
      const secret = await credentials.grant(spec, (unit) => audit.into(unit, entry));
      backoff.forget(id);
      // Also those who have used the name as something else, such as an account that the configuration had.
      this.#end(id);
      for (const ancestor of ancestorsOf(id)) this.recheck(ancestor);
      return { ok: true, secret };
    } finally {
      this.#underWay.delete(id);
    }
  }

  /**
   * Takes a credential back: nothing it opened stays open, and nothing waits for it.
   * @param action `credential-withdrawn` for one that never reached its device.
   * @returns false when there is none.
   * @throws {StoreError} when the store does not keep that; it has ended all the same.
   */
  async revoke(
    id: string,
    by: string,
    action: "credential-revoked" | "credential-withdrawn" = "credential-revoked",
  ): Promise<boolean> {
    const { credentials, audit, backoff, onEnded } = this.#parts;
    if (credentials.get(id) === undefined) return false;
    const kept = credentials.revoke(id, (unit) => audit.into(unit, { action, subject: id, by }));
    backoff.forget(id);
    this.#end(id);
    onEnded(id);
    await kept;
    return true;
  }

  /**
   * Ends the sessions of an account that listen where they may not any more: an id that they could speak for has
   * become somebody else's.
   */
  recheck(username: string): void {
    const { access, broker, log } = this.#parts;
    if (access.identity(username) === undefined) return;
    const lost = broker()
      .sessions()
      .some(
        (session) =>
          session.username === username &&
          session.subscriptions.some(({ filter }) => !access.maySubscribe({ username }, filter)),
      );
    if (!lost) return;
    log.warn({ username }, "topics that a client listened to have become another's; it must connect anew");
    broker().disconnect({ username }, { reason: "not-authorized", forget: true });
  }

  #end(username: string): void {
    this.#parts.broker().disconnect({ username }, { reason: "not-authorized", forget: true });
  }
}
