import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { PRODUCT } from "@tram/protocol";
import { Redactor } from "./redactor.ts";
import { type TarEntry, tar } from "./tar.ts";

/** A part may be left shorter than it is. In characters. */
const LONGEST_PART = 1_000_000;

const LONGEST_NAME = 60;

/** A part of a bundle: a text, or something that is shown as JSON. */
export interface BundlePart {
  /** `gateway.json`, `rules/heat.yaml` */
  readonly name: string;
  /** May throw or reject: then the bundle says so, and has the others. */
  make(redactor: Redactor): unknown;
}

const README = `This is a support bundle of ${PRODUCT.title}: how the gateway is, for those who help.

Passwords, tokens, keys and codes were taken out ("(hidden)"), and so was where the gateway and its Things are. Names of
Things, rules and accounts, their latest values, and addresses in the local network are in it. Look through it before you
hand it on: a text that somebody wrote into a rule or a name may say more than a program can tell.
`;

/**
 * Packs parts into a compressed archive (.tar.gz) without secrets.
 * @param secrets that are known by their value.
 * @param time of the entries, in seconds since 1970.
 */
export async function packBundle(
  parts: Iterable<BundlePart>,
  { secrets, time }: { readonly secrets: Iterable<string>; readonly time: number },
): Promise<Buffer> {
  const redactor = new Redactor(secrets);
  const entries: TarEntry[] = [textEntry("README.txt", README)];
  for (const { make, name } of parts) {
    let text: string;
    try {
      const made = await make(redactor);
      text = typeof made === "string" ? redactor.text(made) : JSON.stringify(redactor.value(made), null, 2);
    } catch (error) {
      text = redactor.text(`could not be made: ${String(error)}`);
    }
    // A name is a text from outside, too; and ustar has room for so much of it.
    const path = redactor
      .text(name)
      .replace(/[^\x20-\x7e]/g, "_")
      .slice(0, LONGEST_NAME);
    entries.push(textEntry(path, text.length > LONGEST_PART ? `${text.slice(0, LONGEST_PART)}...` : text));
  }
  const folder = `${PRODUCT.name}-support`;
  const archive = tar(
    entries.map((entry) => ({ ...entry, path: `${folder}/${entry.path}` })),
    { mtime: time, keepOrder: true },
  );
  return promisify(gzip)(archive);
}

function textEntry(path: string, text: string): TarEntry {
  return { kind: "file", path, mode: 0o600, content: Buffer.from(text) };
}
