export { buildCertificate, type Issuer } from "./certificate.ts";
export { buildRequest } from "./certification-request.ts";
export type { Purpose } from "./extensions.ts";
export { buildRevocationList } from "./revocation-list.ts";
export { requestedKey } from "./signing-request.ts";
