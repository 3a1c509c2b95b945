/** Sizes of blocks: powers of two, bytes. */
const SMALLEST = 512;
const LARGEST = 65_536;

/**
 * Blocks of bytes that are used again and again, so that collecting a socket's packets makes no garbage. A block that
 * is larger than the largest class is made for its purpose and left to the garbage collector.
 */
export class BlockPool {
  readonly #free = new Map<number, Buffer[]>();
  readonly #keptBytesPerClass: number;

  /** @param keptBytesPerClass how much of each size may lie idle; what comes back beyond that is let go. */
  constructor(keptBytesPerClass: number) {
    this.#keptBytesPerClass = keptBytesPerClass;
  }

  /** A block of at least `bytes` bytes with anything in it. */
  acquire(bytes: number): Buffer {
    const size = sizeFor(bytes);
    return this.#free.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size);
  }

  /** Gives back a block that nobody refers to any more. */
  release(block: Buffer): void {
    const size = block.length;
    if (size > LARGEST) return;
    let free = this.#free.get(size);
    if (free === undefined) {
      free = [];
      this.#free.set(size, free);
    }
    if ((free.length + 1) * size <= this.#keptBytesPerClass) free.push(block);
  }
}

function sizeFor(bytes: number): number {
  let size = SMALLEST;
  while (size < bytes) size *= 2;
  return size;
}
