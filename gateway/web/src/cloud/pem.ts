/** What a text in PEM has to hold, for what it is needed. */
export type PemKind = "certificate" | "private-key";

/** Why a text is not what is needed. */
export type PemFault =
  /** No PEM at all: binary (DER, PKCS #12), or another file. */
  | "not-pem"
  /** It begins and does not end, or its inside does not decode: cut off by copying. */
  | "broken"
  /** A private key where none belongs; it is not sent. */
  | "key-inside"
  /** A certificate where the private key belongs. */
  | "certificate-inside"
  | "public-key"
  /** A key behind a passphrase, which a gateway that starts alone cannot be asked for. */
  | "encrypted"
  /** More than one private key. */
  | "several"
  /** PEM of something else: a certificate request, parameters. */
  | "other"
  | "too-large";

export type PemFound =
  | { readonly ok: true; readonly text: string; readonly count: number }
  | { readonly ok: false; readonly fault: PemFault };

/** The bound of the API's schema. In characters. */
export const LONGEST_PEM = 65_536;

interface Block {
  readonly label: string;
  /** Without white space; `undefined` where it is no DER in base64. */
  readonly body: string | undefined;
  /** RFC 1421 §4.6.1.1: its headers say that it is encrypted. */
  readonly encrypted: boolean;
}

const KEYS: ReadonlySet<string> = new Set(["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"]);
/** RFC 7468 §5.3: the second is what old programs write. */
const CERTIFICATES: ReadonlySet<string> = new Set(["CERTIFICATE", "X509 CERTIFICATE"]);
/** OpenSSL puts the curve before an EC key; nobody needs it. */
const ASIDE: ReadonlySet<string> = new Set(["EC PARAMETERS"]);
/** RFC 7468 §2, as lax as §3 allows: mail and messengers break lines anew, or none. */
const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*(?:-(?!----)[^-]*)*)-----END \1-----/g;

/**
 * Looks whether a text is the PEM that is needed, before it goes anywhere.
 * @returns it without what stands around it, in lines of 64 characters.
 */
export function readPem(text: string, kind: PemKind): PemFound {
  if (text.length > LONGEST_PEM) return fault("too-large");
  const blocks = [...text.matchAll(BLOCK)].map(([, label = "", inside = ""]) => blockOf(label, inside));
  const begins = text.match(/-----BEGIN /g)?.length ?? 0;
  if (begins === 0) return fault("not-pem");
  const needed = blocks.filter(({ label }) => !ASIDE.has(label));
  const wrong = needed.map((block) => faultOf(block, kind)).find((found) => found !== undefined);
  if (wrong !== undefined) return fault(wrong);
  if (begins > blocks.length || needed.length === 0) return fault("broken");
  if (kind === "private-key" && needed.length > 1) return fault("several");
  const whole = needed.map(written).join("");
  return whole.length > LONGEST_PEM ? fault("too-large") : { ok: true, text: whole, count: needed.length };
}

function fault(found: PemFault): PemFound {
  return { ok: false, fault: found };
}

function faultOf({ label, body, encrypted }: Block, kind: PemKind): PemFault | undefined {
  if (label === "ENCRYPTED PRIVATE KEY" || encrypted)
    return kind === "certificate" ? "key-inside" : "encrypted";
  if (KEYS.has(label)) {
    if (kind === "certificate") return "key-inside";
  } else if (CERTIFICATES.has(label)) {
    if (kind === "private-key") return "certificate-inside";
  } else return label.endsWith("PUBLIC KEY") ? "public-key" : "other";
  return body === undefined ? "broken" : undefined;
}

function blockOf(label: string, inside: string): Block {
  const encrypted = /^\s*Proc-Type:[^\n]*ENCRYPTED/.test(inside);
  const body = inside.replace(/\s+/g, "");
  return { label, encrypted, body: isDer(body) ? body : undefined };
}

/** One ASN.1 SEQUENCE that is as long as it says (X.690 §8.1.3): what was cut off is not. */
function isDer(base64: string): boolean {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return false;
  const bytes = atob(base64);
  const at = (index: number): number => bytes.charCodeAt(index);
  if (bytes.length < 2 || at(0) !== 0x30) return false;
  const first = at(1);
  if (first < 0x80) return bytes.length === 2 + first;
  const octets = first & 0x7f;
  if (octets === 0 || octets > 3 || bytes.length < 2 + octets) return false;
  let length = 0;
  for (let index = 0; index < octets; index++) length = length * 256 + at(2 + index);
  return bytes.length === 2 + octets + length;
}

function written({ label, body = "" }: Block): string {
  const lines = body.match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
