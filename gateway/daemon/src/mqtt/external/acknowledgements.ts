interface Owed {
  readonly packetId: number;
  answer: "open" | "give" | "keep";
}

/**
 * PUBACKs that are owed to the broker, given in the order in which the messages came ([MQTT-4.6.0-2]) however long each
 * of them took to be kept.
 */
export class Acknowledgements {
  readonly #owed: Owed[] = [];
  readonly #give: (packetId: number) => void;
  #unkept = 0;

  /** @param give sends PUBACK. */
  constructor(give: (packetId: number) => void) {
    this.#give = give;
  }

  /** Messages that were not kept: their PUBACK is never given, so the broker sends them to the next connection. */
  get unkept(): number {
    return this.#unkept;
  }

  /** A message of QoS 1 has come. @returns tells what became of it. */
  owe(packetId: number): (kept: boolean) => void {
    const owed: Owed = { packetId, answer: "open" };
    this.#owed.push(owed);
    return (kept) => {
      owed.answer = kept ? "give" : "keep";
      if (!kept) this.#unkept++;
      this.#flush();
    };
  }

  #flush(): void {
    for (let [first] = this.#owed; first !== undefined && first.answer !== "open"; [first] = this.#owed) {
      this.#owed.shift();
      if (first.answer === "give") this.#give(first.packetId);
    }
  }
}
