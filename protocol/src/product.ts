/**
 * The product's name, in the one place that TypeScript reads it from. Package scopes and the CLI's file name
 * cannot be computed; everything else (topics, socket, titles, environment) derives from here.
 */
export const PRODUCT = {
  /** Lower-case name: CLI, service, socket, database. */
  name: "tram",
  /** Name as people read it. */
  title: "Tram",
  /** Prefix of Tram's own MQTT topics, where Homie has none. */
  topicPrefix: "tram/1",
  /** Prefix of environment variables: `TRAM_DATA`, `TRAM_HTTP_PORT`, … */
  environmentPrefix: "TRAM",
  version: "0.1.0",
} as const;
