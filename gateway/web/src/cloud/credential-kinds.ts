import type { CloudCertificate, CloudPassword, CloudView } from "@tram/protocol";
import type { ApiClient, ApiResult } from "../api/client.ts";
import type { PlainKey } from "../i18n/catalogue.ts";
import { type FieldSpec, OWN_CERTIFICATE } from "./cloud-kinds.ts";

/** What a cloud knows the gateway by, where somebody has to bring another one. */
export interface CredentialKind {
  readonly title: PlainKey;
  readonly isCertificate: boolean;
  readonly fields: readonly FieldSpec[];
  send(api: ApiClient, id: string, members: Readonly<Record<string, unknown>>): Promise<ApiResult<CloudView>>;
}

const CERTIFICATE: CredentialKind = {
  title: "cloud.replace",
  isCertificate: true,
  fields: OWN_CERTIFICATE,
  send: (api, id, members) => api.replaceCertificate(id, members as CloudCertificate),
};

const SECRETS: Readonly<Record<NonNullable<CloudView["secret"]>, CredentialKind>> = {
  password: secret("cloud.replacePassword", "cloud.add.password"),
  token: secret("cloud.replaceToken", "cloud.add.token"),
};

function secret(title: PlainKey, label: PlainKey): CredentialKind {
  return {
    title,
    isCertificate: false,
    fields: [{ at: "password", type: "secret", label }],
    send: (api, id, members) => api.replacePassword(id, members as CloudPassword),
  };
}

/** What of a cloud can be exchanged: it was given here, and the gateway does not renew it. */
export function credentialsOf({ certificate, secret, source }: CloudView): readonly CredentialKind[] {
  if (source !== "added") return [];
  const others = certificate !== undefined && certificate.renewal === undefined;
  return [...(others ? [CERTIFICATE] : []), ...(secret === undefined ? [] : [SECRETS[secret]])];
}
