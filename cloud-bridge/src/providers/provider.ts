import type { CloudProvider } from "@tram/core";

/** The line to a cloud, as far as the bridge must know it. */
export interface CloudLine {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** Seconds of silence before the peer is asked whether it is there; 0 for never. */
  readonly keepaliveS: number;
}

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
  /** Left out: there is none (a cloud in memory). Bytes are counted, and portals looked for, where there is one. */
  readonly line?: CloudLine | undefined;
}
