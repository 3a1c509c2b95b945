/** One normative statement of the Homie 5 convention, in words of our own. */
export interface Statement {
  /** Heading of the convention that it stands under. */
  readonly section: string;
  /**
   * Which side of the gateway it is about: `in`, where devices of others are read and commanded (the gateway is a
   * controller); `out`, where the gateway is a device with children itself.
   */
  readonly side: "in" | "out" | "both";
  readonly says: string;
  /** Tests that prove it, as `file: name`; files by the short names of `FILES`. */
  readonly proof?: readonly string[];
  /** Why there is no proof, or what is different here. */
  readonly note?: string;
}

export const FILES: Readonly<Record<string, string>> = {
  access: "gateway/daemon/src/mqtt/identity/access.test.ts",
  description: "protocol/src/homie/description.test.ts",
  written: "protocol/src/homie/description-out.test.ts",
  devices: "e2e/src/homie-devices.test.ts",
  e2e: "e2e/src/homie.test.ts",
  external: "gateway/daemon/src/mqtt/external/external-broker.test.ts",
  family: "gateway/daemon/src/mqtt/homie/family.test.ts",
  in: "gateway/daemon/src/mqtt/homie-in.test.ts",
  json: "protocol/src/homie/json-format.test.ts",
  out: "gateway/daemon/src/mqtt/homie-out.test.ts",
  root: "gateway/daemon/src/mqtt/homie/root-voice.test.ts",
  state: "protocol/src/homie/state.test.ts",
  thing: "protocol/src/thing.test.ts",
  topics: "protocol/src/homie/topics.test.ts",
  value: "protocol/src/homie/value.test.ts",
  versions: "gateway/daemon/src/mqtt/homie/description-versions.test.ts",
};
