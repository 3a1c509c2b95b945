import { X509Certificate } from "node:crypto";
import type { EpochMs, Ms } from "@tram/protocol";

/** Renewed, or told of, so long before its end at the latest, where its life allows. */
const BEFORE_END_MS: Ms = 30 * 86_400_000;

/**
 * When a certificate is to be renewed: after two thirds of its life, or 30 days before its end, whichever comes first;
 * but not before half of its life, or a short one would be renewed for ever.
 * @param certificate PEM.
 */
export function renewalTime(certificate: string): EpochMs {
  const { begin, end, near } = lifeOf(certificate);
  return Math.min(begin + (2 / 3) * (end - begin), near);
}

/**
 * The end of a certificate that somebody else has to renew, and from when on people are told of it: 30 days before, and of
 * a short one after half of its life.
 * @param certificate PEM.
 */
export function endingOf(certificate: string): { readonly near: EpochMs; readonly end: EpochMs } {
  const { end, near } = lifeOf(certificate);
  return { near, end };
}

function lifeOf(certificate: string) {
  const { validFrom, validTo } = new X509Certificate(certificate);
  const begin = Date.parse(validFrom);
  const end = Date.parse(validTo);
  return { begin, end, near: Math.max(end - BEFORE_END_MS, begin + (end - begin) / 2) };
}
