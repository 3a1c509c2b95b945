import { createCipheriv, hkdfSync, scryptSync } from "node:crypto";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { BackupError } from "./backup-error.ts";
import { seal, unseal } from "./sealed.ts";
import { checkPassphrase, HEAD_BYTES } from "./sealed-head.ts";

// Each key costs half a second of a machine that does nothing else.
vi.setConfig({ testTimeout: 90_000 });

const PASSPHRASE = "con trâu đi trước";
const CHUNK = 65_536;

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

const sealed = (content: Uint8Array): Promise<Buffer> => collect(seal([content], PASSPHRASE));
const opened = (file: Uint8Array, passphrase = PASSPHRASE): Promise<Buffer> =>
  collect(unseal([file], passphrase));

/** @returns the code of the refusal; fails when there is none, or when it is another kind of error. */
async function refusal(file: Uint8Array, passphrase = PASSPHRASE): Promise<string> {
  const error: unknown = await opened(file, passphrase).then(
    () => "taken",
    (found: unknown) => found,
  );
  if (!(error instanceof BackupError)) throw new Error(`expected a refusal, found ${String(error)}`);
  return error.code;
}

function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0, state = 1; at < length; at++) {
    state = (state * 48_271) % 2_147_483_647;
    bytes[at] = state;
  }
  return bytes;
}

test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])("%i bytes come back", async (length) => {
  const content = noise(length);
  const file = await sealed(content);
  expect((await opened(file)).equals(content)).toBe(true);
  if (length > 100) expect(file.includes(content.subarray(0, 32))).toBe(false);
});

test("the same content twice is two different files, and the passphrase counts in any of its forms", async () => {
  const [one, other] = [await sealed(noise(100)), await sealed(noise(100))];
  expect(one.equals(other)).toBe(false);
  expect(one.subarray(HEAD_BYTES).equals(other.subarray(HEAD_BYTES))).toBe(false);
  expect((await opened(one, PASSPHRASE.normalize("NFD"))).length).toBe(100);
});

test("however it arrives in pieces, it is the same", async () => {
  const content = noise(2 * CHUNK + 77);
  const file = await sealed(content);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 90_000 }), { maxLength: 12 }), async (sizes) => {
      const pieces: Buffer[] = [];
      let at = 0;
      for (const size of sizes) {
        pieces.push(file.subarray(at, at + size));
        at += size;
      }
      pieces.push(file.subarray(at));
      expect((await collect(unseal(pieces, PASSPHRASE))).equals(content)).toBe(true);
    }),
    { numRuns: 6 },
  );
}, 60_000);

test("a wrong passphrase and another kind of file are told apart from damage", async () => {
  const file = await sealed(noise(10));
  expect(await refusal(file, "con trâu đi sau.")).toBe("wrong-passphrase");
  expect(await refusal(Buffer.from("SQLite format 3\0".repeat(20)))).toBe("not-a-backup");
  expect(await refusal(Buffer.alloc(0))).toBe("not-a-backup");
  expect(await refusal(Buffer.from(file.toString("utf8"), "utf8"))).toBe("not-a-backup");
  const newer = Buffer.from(file);
  newer[8] = 2;
  expect(await refusal(newer)).toBe("newer-format");
});

test("each single changed byte is refused", async () => {
  const file = await sealed(noise(3));
  for (let at = 0; at < file.length; at++) {
    const changed = Buffer.from(file);
    changed[at] = (changed[at] ?? 0) ^ 0x20;
    const expected = at < 8 ? "not-a-backup" : at === 8 ? "newer-format" : "damaged";
    expect(await refusal(changed), `byte ${at}`).toBe(expected);
  }
}, 60_000);

test("each truncation is refused, and what follows the end too", async () => {
  const file = await sealed(noise(3));
  for (let length = 0; length < file.length; length++) {
    expect(await refusal(file.subarray(0, length)), `${length} bytes`).toBe(
      length < 8 ? "not-a-backup" : "damaged",
    );
  }
  expect(await refusal(Buffer.concat([file, Buffer.from([0])]))).toBe("damaged");
}, 60_000);

test("chunks that are missing, exchanged or doubled are refused, also where each of them is whole", async () => {
  const file = await sealed(noise(3 * CHUNK));
  const chunk = (number: number): Buffer =>
    file.subarray(HEAD_BYTES + number * (CHUNK + 16), HEAD_BYTES + (number + 1) * (CHUNK + 16));
  const head = file.subarray(0, HEAD_BYTES);
  expect(Buffer.concat([head, chunk(0), chunk(1), chunk(2)]).equals(file)).toBe(true);
  await expect(opened(Buffer.concat([head, chunk(0), chunk(1)]))).rejects.toThrow(/its end is missing/);
  for (const order of [[1, 0, 2], [0, 2], [0, 1, 2, 2], [0, 0, 1, 2], [2]]) {
    expect(await refusal(Buffer.concat([head, ...order.map(chunk)])), String(order)).toBe("damaged");
  }
  const other = await sealed(noise(3 * CHUNK));
  expect(await refusal(Buffer.concat([other.subarray(0, HEAD_BYTES), file.subarray(HEAD_BYTES)]))).toBe(
    "damaged",
  );
});

test("a file may not ask for the memory of the whole router", async () => {
  const file = await sealed(noise(1));
  for (const [at, value] of [
    [9, 31],
    [9, 255],
    [10, 255],
    [11, 255],
  ] as const) {
    const greedy = Buffer.from(file);
    greedy[at] = value;
    // The digest is no secret: whoever makes such a file makes it fit.
    const { createHash } = await import("node:crypto");
    createHash("sha256")
      .update(greedy.subarray(0, HEAD_BYTES - 8))
      .digest()
      .copy(greedy, HEAD_BYTES - 8, 0, 8);
    const started = performance.now();
    await expect(opened(greedy), `byte ${at}`).rejects.toThrow(/asks for more memory/);
    expect(performance.now() - started).toBeLessThan(200);
  }
});

test("the format is what the comment says: this file opens with nothing but node:crypto", async () => {
  const file = await sealed(Buffer.from("chào"));
  const start = file.subarray(0, 28);
  const [log2N = 0, r = 0, p = 0] = start.subarray(9, 12);
  const master = scryptSync(PASSPHRASE.normalize("NFKC"), start.subarray(12), 32, {
    N: 2 ** log2N,
    r,
    p,
    maxmem: 1e9,
  });
  expect(128 * 2 ** log2N * r).toBe(33_554_432);
  const key = Buffer.from(hkdfSync("sha256", master, start, "content", 32));
  const cipher = createCipheriv("aes-256-gcm", key, Buffer.from("000000000000000000000001", "hex"));
  const body = Buffer.concat([cipher.update("chào"), cipher.final(), cipher.getAuthTag()]);
  expect(file.subarray(HEAD_BYTES).equals(body)).toBe(true);
});

test("a short passphrase is refused without being repeated", () => {
  expect(() => checkPassphrase("elevenchars")).toThrow(/expected 12 to 1024 characters, found 11/);
  expect(() => checkPassphrase("elevenchars")).not.toThrow(/elevenchars/);
  checkPassphrase("🐃".repeat(12));
});
