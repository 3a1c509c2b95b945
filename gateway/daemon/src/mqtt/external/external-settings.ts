/** The account that all messages of the external broker are of: whom it let in is its own affair. */
export const EXTERNAL = "external";

/** How the gateway reaches the broker of others. */
export interface ExternalSettings {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`, without credentials. */
  readonly url: string;
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** File with the authorities that the broker's certificate is checked against; undefined for those of the system. */
  readonly caFile?: string | undefined;
  /** Certificate and key of the gateway, PEM, where the broker asks for them. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** `auto` is 5.0, and 3.1.1 with a broker that does not know it. */
  readonly version: "auto" | "5.0" | "3.1.1";
  readonly keepAliveSeconds: number;
  /** How long the broker keeps what comes while the gateway is away. */
  readonly sessionExpirySeconds: number;
}
