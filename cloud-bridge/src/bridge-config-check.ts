import type { Json, SchemaProblem } from "@tram/protocol";
import type { BridgeConfig, MqttBridgeConfig } from "./bridge-config.ts";
import { payloadProblems, topicProblems } from "./mapping/template.ts";
import type { AwsIotBridgeConfig } from "./providers/aws-iot/config.ts";
import type { BluemixBridgeConfig } from "./providers/bluemix/config.ts";

/** What a schema cannot say of an entry that fits it. Paths are within the entry. */
export function bridgeProblems(config: BridgeConfig): readonly SchemaProblem[] {
  switch (config.provider) {
    case "mqtt":
      return mqttProblems(config);
    case "aws-iot":
      return awsIotProblems(config);
    case "bluemix":
      return bluemixProblems(config);
  }
}

/** Certificate and key are of use together, and only over TLS. */
export function tlsFileProblems(
  config: { readonly ca_file?: string; readonly cert_file?: string; readonly key_file?: string },
  secure: boolean,
): readonly SchemaProblem[] {
  const { cert_file: cert, key_file: key } = config;
  if (!secure) {
    return (["ca_file", "cert_file", "key_file"] as const)
      .filter((name) => config[name] !== undefined)
      .map((path) => ({
        path,
        problem: "is of use over TLS alone: expected an address that begins with mqtts://",
      }));
  }
  if (cert !== undefined && key === undefined)
    return [{ path: "key_file", problem: "is missing: there is a cert_file" }];
  if (key !== undefined && cert === undefined)
    return [{ path: "cert_file", problem: "is missing: there is a key_file" }];
  return [];
}

/** AWS IoT knows nobody without a certificate. */
function awsIotProblems({ cert_file: cert, key_file: key }: AwsIotBridgeConfig): readonly SchemaProblem[] {
  return Object.entries({ cert_file: cert, key_file: key })
    .filter(([, file]) => file === undefined)
    .map(([path]) => ({ path, problem: "is missing: AWS IoT knows a gateway by its certificate" }));
}

/** IBM knows nobody without a token. */
function bluemixProblems(config: BluemixBridgeConfig): readonly SchemaProblem[] {
  const { password, password_file: file } = config;
  const token =
    password === undefined && file === undefined
      ? [{ path: "password_file", problem: "is missing: IBM knows a gateway by its authentication token" }]
      : [];
  return [...token, ...tlsFileProblems(config, true)];
}

function mqttProblems(config: MqttBridgeConfig): readonly SchemaProblem[] {
  const { alpn, format, payload, state, thin, topic, topic_prefix: prefix, url } = config;
  const secure = url.startsWith("mqtts:");
  const problems: SchemaProblem[] = [...tlsFileProblems(config, secure)];
  if (alpn !== undefined && !secure) problems.push({ path: "alpn", problem: "is of use over TLS alone" });
  if (format === "homie") {
    for (const [path, value] of Object.entries({ topic, payload, topic_prefix: prefix, state })) {
      if (value !== undefined) problems.push({ path, problem: "is said by Homie already" });
    }
    if (thin !== undefined)
      problems.push({ path: "thin", problem: "Homie has no room for what is summed up" });
    return problems;
  }
  if (topic !== undefined) problems.push(...within("topic", topicProblems(topic)));
  if (payload !== undefined) problems.push(...within("payload", payloadProblems(payload as Json)));
  return problems;
}

function within(
  name: string,
  problems: readonly { readonly path: string; readonly problem: string }[],
): readonly SchemaProblem[] {
  return problems.map(({ path, problem }) => ({
    path: path === "" ? name : path.startsWith("[") ? `${name}${path}` : `${name}.${path}`,
    problem,
  }));
}
