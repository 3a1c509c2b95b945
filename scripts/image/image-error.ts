/** Exit codes of `make image`'s program: one for each thing that a person has to mend. Make itself only says 2. */
export const EXIT = {
  usage: 2,
  "unknown-profile": 3,
  "bad-profile": 4,
  "no-checksum": 5,
  "wrong-checksum": 6,
  "broken-archive": 7,
  "unsafe-archive": 8,
  "not-an-imagebuilder": 9,
  "wrong-target": 10,
  "no-packages": 11,
  "bad-package-name": 12,
  "no-node": 13,
  "build-failed": 14,
  "no-manifest": 15,
  dropped: 16,
  "old-node": 17,
  "no-image": 18,
  "too-large": 19,
} as const;

export type ImageErrorCode = keyof typeof EXIT;

/** Something that keeps an image from being built, in words for the person who called `make image`. */
export class ImageError extends Error {
  readonly code: ImageErrorCode;

  constructor(code: ImageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ImageError";
    this.code = code;
  }
}
