import type { Place } from "@tram/rules";

/** Where the gateway is; `undefined` while nobody has said it in full. */
export function placeOf(gateway: {
  readonly latitude?: number;
  readonly longitude?: number;
}): Place | undefined {
  const { latitude, longitude } = gateway;
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude };
}
