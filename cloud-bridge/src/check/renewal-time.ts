import { X509Certificate } from "node:crypto";
import type { EpochMs, Ms } from "@tram/protocol";

/** Renewed so long before its end at the latest, where its life allows. */
const BEFORE_END_MS: Ms = 30 * 86_400_000;

/**
 * When a certificate is to be renewed: after two thirds of its life, or 30 days before its end, whichever comes first;
 * but not before half of its life, or a short one would be renewed for ever.
 * @param certificate PEM.
 */
export function renewalTime(certificate: string): EpochMs {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const begin = Date.parse(validFrom);
  const end = Date.parse(validTo);
  const life = end - begin;
  return Math.min(begin + (2 / 3) * life, Math.max(end - BEFORE_END_MS, begin + life / 2));
}
