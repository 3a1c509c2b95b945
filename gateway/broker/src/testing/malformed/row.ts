import type { RuleName } from "../../codec/violation.ts";

/** Reason codes that are expected: short names, for rows that stay on one line. */
export const MALFORMED = 0x81;
export const PROTOCOL = 0x82;
export const UNSUPPORTED = 0x84;
export const ALIAS = 0x94;
export const TOO_LARGE = 0x95;

/** A packet that breaks one rule: what is wrong with it for people, what is said of it, and its bytes. */
export type Row = readonly [RuleName, what: string, reasonCode: number, clause: string, bytes: Buffer];
