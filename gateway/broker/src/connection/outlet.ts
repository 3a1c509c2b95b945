import type { Ms } from "@tram/protocol";
import { encodedLength } from "../codec/encode-packet.ts";
import type { Outgoing } from "../codec/outgoing.ts";
import type { ProtocolVersion } from "../codec/packet.ts";
import { NO_PROPERTIES } from "../codec/properties.ts";
import { type Publication, writePublish, writePublishFrame } from "../codec/write-publish.ts";
import type { Message } from "../engine/message.ts";
import type { Copy } from "../session/one-copy.ts";
import type { OutboundAliases } from "./topic-aliases.ts";

export interface OutletOptions {
  readonly version: ProtocolVersion;
  readonly out: Outgoing;
  /** Of CONNECT, bytes; undefined for any. */
  readonly maximumPacketSize: number | undefined;
  /** Undefined when the client wants none. */
  readonly aliases: OutboundAliases | undefined;
}

/** Writes PUBLISH as one client wants it. */
export class Outlet {
  readonly #version: ProtocolVersion;
  readonly #out: Outgoing;
  readonly #maximumPacketSize: number | undefined;
  readonly #aliases: OutboundAliases | undefined;
  readonly #plain: boolean;

  constructor({ aliases, maximumPacketSize, out, version }: OutletOptions) {
    this.#version = version;
    this.#out = out;
    this.#maximumPacketSize = maximumPacketSize;
    this.#aliases = aliases;
    this.#plain = maximumPacketSize === undefined && aliases === undefined;
  }

  /**
   * @param packetId 0 when the QoS is 0.
   * @returns false when the packet is larger than the client takes: nothing is written ([MQTT-3.1.2-24]).
   */
  publish(
    message: Message,
    copy: Copy,
    { packetId, dup, now }: { readonly packetId: number; readonly dup: boolean; readonly now: Ms },
  ): boolean {
    const version = this.#version;
    const alike = version === 4 || (copy.identifiers.length === 0 && message.expiresAt === undefined);
    if (this.#plain && alike) {
      if (message.shared) {
        writePublishFrame(this.#out, message.frame(version, copy.qos, copy.retain), packetId, dup);
      } else {
        writePublish(publicationOf(message, copy), version, { out: this.#out, packetId, dup });
      }
      return true;
    }
    return this.#publishSpecially(message, copy, { packetId, dup, now });
  }

  #publishSpecially(
    message: Message,
    copy: Copy,
    { packetId, dup, now }: { packetId: number; dup: boolean; now: Ms },
  ): boolean {
    const { topic } = message;
    const given = this.#aliases?.of(topic);
    const remaining = message.remainingSeconds(now);
    const publication: Publication = {
      ...publicationOf(message, copy),
      topic: given?.known === true ? "" : topic,
      properties: {
        ...message.properties,
        ...(remaining !== undefined && { messageExpirySeconds: remaining }),
        ...(given !== undefined && { topicAlias: given.alias }),
        ...(copy.identifiers.length > 0 && { subscriptionIdentifiers: copy.identifiers }),
      },
    };
    const most = this.#maximumPacketSize;
    if (most !== undefined) {
      const size = encodedLength({ ...publication, type: "publish", packetId, dup }, this.#version);
      if (size > most) return false;
    }
    writePublish(publication, this.#version, { out: this.#out, packetId, dup });
    if (given?.known === false) this.#aliases?.told(topic, given.alias);
    return true;
  }
}

function publicationOf({ payload, properties, topic }: Message, { qos, retain }: Copy): Publication {
  return { topic, payload, qos, retain, properties: properties ?? NO_PROPERTIES };
}
