export { buildCertificate, type Issuer } from "./certificate.ts";
export type { Purpose } from "./extensions.ts";
export { buildRevocationList } from "./revocation-list.ts";
export { requestedKey } from "./signing-request.ts";
