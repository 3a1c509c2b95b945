import type { CloudProvider } from "@tram/core";

/** A provider as the bridge uses it. */
export interface BridgeProvider extends CloudProvider {
  /**
   * How many messages of one Thing (in one class) may be unacknowledged at once. More than 1 keeps their order only
   * where the peer cannot refuse a single message and take the next one. Default 1.
   */
  readonly maxInFlightPerGroup?: number;
  /**
   * Messages of one `publish`. Its outcomes come together, so what holds the next messages back should be handed over
   * in small portions. Default: a quarter of what may be in flight.
   */
  readonly batchSize?: number;
}
