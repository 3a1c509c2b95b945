import { join } from "node:path";
import { CLOUD_FOLDER, CloudFolders, type KeptCloud } from "../cloud/cloud-folders.ts";
import { readSmallFile } from "../config/read-file.ts";
import { isSecretKey } from "../config/secrets.ts";
import type { Settings } from "../config/settings.ts";

const LIMIT_BYTES = 65_536;

/** Every secret of this gateway that it knows itself: what is kept as a digest is none of them. */
export function knownSecrets(settings: Settings): readonly string[] {
  const { cloud, data, modules, mqtt } = settings;
  return [
    ...mqtt.accounts.map(({ password }) => password),
    mqtt.external?.password ?? "",
    ...cloud.map(({ password }) => password ?? ""),
    ...cloud.flatMap(({ identity }) => keyLines(identity?.key ?? "")),
    ...secretValues(cloud.map(({ config }) => config)),
    ...secretValues(modules.map(({ config }) => config)),
    ...linesOf(join(data, "node-red.secret")),
    ...linesOf(join(data, "tls/ca.key")),
    ...linesOf(join(data, "tls/server.key")),
    ...new CloudFolders(join(data, CLOUD_FOLDER)).list().flatMap(secretsOf),
  ].filter((text) => text !== "");
}

/** What cannot be read has nothing to hide in a bundle: nobody has read it. */
function secretsOf(kept: KeptCloud): readonly string[] {
  if (!("record" in kept)) return [];
  const { entry, key = "" } = kept.record;
  return [...keyLines(key), ...secretValues(entry)];
}

/** Texts under a key that names a secret, however deep. */
function* secretValues(value: unknown, secret = false): Generator<string> {
  if (typeof value === "string" && secret) yield value;
  if (typeof value === "string") {
    // `mqtt://user:password@host`
    const password = /^[a-z][a-z0-9+.-]*:\/\/[^/@]*?:([^@]*)@/i.exec(value)?.[1];
    if (password !== undefined) yield password;
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* secretValues(inner, secret || (!Array.isArray(value) && isSecretKey(key)));
  }
}

/** Of a key in PEM each line is enough to know it by; its certificate is public. */
function linesOf(file: string): readonly string[] {
  const content = readSmallFile(file, LIMIT_BYTES);
  return "found" in content ? [] : keyLines(content.toString("utf8"));
}

function keyLines(pem: string): readonly string[] {
  const [secret = ""] = pem.split(/-----END [A-Z ]*PRIVATE KEY-----/);
  return secret.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
}
