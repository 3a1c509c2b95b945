import type { Json } from "@tram/protocol";

/** A message to one of AWS's reserved topics. */
export interface ServiceRequest {
  readonly topic: string;
  readonly payload: Buffer;
  readonly clientId: string;
  /** The certificate that the device has shown. */
  readonly certificateId: string;
  /**
   * Answers the device that asked, and nobody else.
   * @param wanted what to do when it has not subscribed to the answer.
   */
  reply(topic: string, body: Json, wanted: "always" | "subscribed"): void;
}

/** What stands behind some of the reserved topics. */
export interface Service {
  /** @returns false when the topic is not one of its. */
  take(request: ServiceRequest): boolean;
}
