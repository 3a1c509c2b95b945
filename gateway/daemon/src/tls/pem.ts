/** One block of PEM (RFC 7468). */
export interface PemBlock {
  /** `CERTIFICATE`, `PRIVATE KEY`, … */
  readonly label: string;
  /** The block with its two lines around it. */
  readonly text: string;
  readonly bytes: Buffer;
}

const BEGIN = "-----BEGIN ";
const DASHES = "-----";

/** Lines of 64 characters. */
export function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `${BEGIN}${label}${DASHES}\n${lines.join("\n")}\n-----END ${label}${DASHES}\n`;
}

/** All blocks of a text, in their order. What stands around them, and a block without an end, is passed over. */
export function pemBlocks(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let at = text.indexOf(BEGIN); at >= 0; at = text.indexOf(BEGIN, at + 1)) {
    const labelEnd = text.indexOf(DASHES, at + BEGIN.length);
    if (labelEnd < 0) break;
    const label = text.slice(at + BEGIN.length, labelEnd);
    const last = `-----END ${label}${DASHES}`;
    const end = text.indexOf(last, labelEnd);
    const inside = end < 0 ? undefined : text.slice(labelEnd + DASHES.length, end).replace(/\s/g, "");
    if (inside === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(inside)) continue;
    const block = text.slice(at, end + last.length);
    blocks.push({ label, text: `${block}\n`, bytes: Buffer.from(inside, "base64") });
  }
  return blocks;
}
