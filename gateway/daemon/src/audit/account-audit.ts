import type { Audit, AuditAction } from "./audit-log.ts";
import type { RepeatFilter } from "./repeat-filter.ts";

/** Enters sign-ons and what belongs to them into the audit log. */
export interface AccountAudit {
  /** Something was done. */
  done(action: AuditAction, what: AccountDeed): void;
  /** Somebody was turned away; what repeats is counted. */
  refused(action: AuditAction, what: AccountDeed): void;
}

export interface AccountDeed {
  readonly subject: string;
  readonly by: string;
  readonly address: string;
  readonly detail?: string;
}

export function accountAudit(audit: Audit, repeats: RepeatFilter): AccountAudit {
  return {
    done: (action, deed) => audit({ action, ...deed }),
    refused: (action, deed) =>
      repeats.note([action, deed.subject, deed.address].join("\n"), { action, ...deed }),
  };
}
