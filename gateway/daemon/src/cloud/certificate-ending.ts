import { type EpochMs, type GatewayView, PRODUCT } from "@tram/protocol";

/** A certificate of a cloud that this gateway cannot renew. */
export interface CertificateEnding {
  readonly id: string;
  /** Whether the cloud stands in the configuration file, or was added. */
  readonly source: "file" | "added";
  /** From when on people are told. */
  readonly near: EpochMs;
  readonly end: EpochMs;
}

/** What somebody has to do about it, in a line. */
export function endingProblem(
  { end, id, source }: CertificateEnding,
  now: EpochMs,
): GatewayView["problems"][number] {
  const ends = `${now < end ? "ends" : "has ended"} on ${new Date(end).toISOString().slice(0, 10)}`;
  const what =
    source === "file"
      ? "put a new one into its file, and start the gateway again"
      : `${PRODUCT.name} cloud renew ${id} --cert FILE --key FILE`;
  const problem = `The certificate of the cloud ${id} ${ends}, and this gateway cannot renew it. What to do: ${what}`;
  return { code: "certificate-ending", where: `cloud.${id}`, problem };
}
