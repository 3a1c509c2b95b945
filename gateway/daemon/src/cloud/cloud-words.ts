import { X509Certificate } from "node:crypto";
import { type BridgeConfig, type CheckResult, renewalTime } from "@tram/cloud-bridge";
import type { CloudCheckView, CloudView } from "@tram/protocol";
import type { CloudSettings } from "../config/check.ts";

/** A cloud as the API shows it: nothing of it is secret. */
export function cloudView(
  { config, identity }: CloudSettings,
  more: {
    readonly gateway: string;
    readonly source: CloudView["source"];
    readonly state: string | undefined;
    readonly renews: boolean;
  },
): CloudView {
  const { gateway, renews, source, state } = more;
  const secret = secretOf(config);
  return {
    id: config.id,
    provider: config.provider,
    source,
    place: placeOf(config),
    ...(state === undefined ? {} : { state }),
    ...nameOf(config, gateway),
    ...(secret === undefined ? {} : { secret }),
    ...(identity?.cert === undefined ? {} : { certificate: certificateView(identity.cert, renews) }),
  };
}

/** What the gateway is called there. */
function nameOf(config: BridgeConfig, gateway: string): Pick<CloudView, "thing"> {
  switch (config.provider) {
    case "mqtt":
      return {};
    case "aws-iot":
      return { thing: config.thing_name ?? gateway };
    case "bluemix":
      return { thing: config.gateway_id ?? gateway };
  }
}

/** By what a cloud knows the gateway, besides its certificate. */
export function secretOf(config: BridgeConfig): CloudView["secret"] {
  switch (config.provider) {
    case "mqtt":
      return config.username === undefined ? undefined : "password";
    case "aws-iot":
      return undefined;
    case "bluemix":
      return "token";
  }
}

/** `host:port`. */
function placeOf(config: BridgeConfig): string {
  switch (config.provider) {
    case "mqtt":
      return config.url.replace(/^mqtts?:\/\/|\/$/g, "");
    case "aws-iot":
      return `${config.endpoint}:${config.port ?? 8_883}`;
    case "bluemix":
      return `${config.host}:${config.port ?? 443}`;
  }
}

function certificateView(pem: string, renews: boolean): NonNullable<CloudView["certificate"]> {
  return {
    notAfter: new Date(new X509Certificate(pem).validTo).toISOString(),
    ...(renews ? { renewal: new Date(renewalTime(pem)).toISOString() } : {}),
  };
}

export function checkView(id: string, results: readonly CheckResult[]): CloudCheckView {
  return { id, ok: results.every(({ outcome }) => outcome !== "failed"), steps: [...results] };
}

/** A failure in a line: where it was, what was found, what to do. */
export function failureLine({ step, said, advice }: CheckResult): string {
  return `${step}: ${said}.${advice === undefined ? "" : ` ${advice}`}`;
}
