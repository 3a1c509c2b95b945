import type { MqttAdmission, MqttClient, MqttRefusal } from "@tram/core";
import type { ConnectPacket, Packet } from "../codec/packet.ts";
import { NO_PROPERTIES, type PropertiesOf } from "../codec/properties.ts";
import { ConnectReturnCode, ReasonCode } from "../codec/reason-code.ts";
import { forwarded, Message } from "../engine/message.ts";
import type { PendingWill, Session } from "../session/session.ts";
import { isServersOwn, parseTopicName } from "../topics/index.ts";
import type { Agreement, Connection, Phase } from "./connection.ts";
import { Intake } from "./intake.ts";
import { Outlet } from "./outlet.ts";
import { InboundAliases, OutboundAliases } from "./topic-aliases.ts";
import { working } from "./working.ts";

/** 5.0 §3.1.2.11.2: never. */
const NEVER_SECONDS = 0xffff_ffff;

/** Why a client is not let in, in the words of both versions (3.1.1 table 3.1, 5.0 table 3-1). */
interface Refusal {
  readonly code: number;
  readonly returnCode: number;
  readonly reason: string;
}

const REFUSALS: Readonly<Record<MqttRefusal, Refusal>> = {
  "bad-credentials": {
    code: ReasonCode.badUserNameOrPassword,
    returnCode: ConnectReturnCode.badUserNameOrPassword,
    reason: "bad user name or password",
  },
  "not-authorized": {
    code: ReasonCode.notAuthorized,
    returnCode: ConnectReturnCode.notAuthorized,
    reason: "not authorized",
  },
  banned: {
    code: ReasonCode.banned,
    returnCode: ConnectReturnCode.notAuthorized,
    reason: "too many attempts failed: try again later",
  },
};

/** The first phase: nothing but CONNECT is taken (3.1.1 and 5.0 [MQTT-3.1.0-1]; the decoder sees to that). */
export const greeting: Phase = {
  handle(packet: Packet, connection: Connection): void {
    if (packet.type === "connect") new Greeting(connection, packet).begin();
    else connection.close("a packet before CONNECT was answered");
  },
};

/** One CONNECT, from the packet to CONNACK. */
class Greeting {
  readonly #connection: Connection;
  readonly #packet: ConnectPacket;

  constructor(connection: Connection, packet: ConnectPacket) {
    this.#connection = connection;
    this.#packet = packet;
  }

  begin(): void {
    const { maximumPacketSize, requestProblemInformation } = this.#packet.properties;
    this.#connection.receiver = { maximumPacketSize, requestProblemInformation };
    const refusal = this.#refusal();
    if (refusal !== undefined) {
      this.#refuse(refusal);
      return;
    }
    // What the client sends behind CONNECT stays in the socket until it is in.
    this.#connection.hold();
    void this.#login().finally(() => this.#connection.release());
  }

  /** What can be seen in the packet alone. */
  #refusal(): Refusal | undefined {
    const { clientId, cleanStart, properties, version } = this.#packet;
    const { full, limits, redirect } = this.#connection.room;
    if (redirect !== undefined) {
      const code = redirect.permanent ? ReasonCode.serverMoved : ReasonCode.useAnotherServer;
      return {
        code,
        returnCode: ConnectReturnCode.serverUnavailable,
        reason: "another server is to be used",
      };
    }
    if (full()) {
      const returnCode = ConnectReturnCode.serverUnavailable;
      return { code: ReasonCode.serverBusy, returnCode, reason: "the broker is full" };
    }
    // 5.0 §4.12: extended authentication is not offered.
    if (properties.authenticationMethod !== undefined) {
      return {
        code: ReasonCode.badAuthenticationMethod,
        returnCode: 5,
        reason: "no such authentication method",
      };
    }
    const rejected = {
      code: ReasonCode.clientIdentifierNotValid,
      returnCode: ConnectReturnCode.identifierRejected,
    };
    // 3.1.1 [MQTT-3.1.3-8]
    if (version === 4 && clientId === "" && !cleanStart) {
      return { ...rejected, reason: "a client without an id needs a clean session" };
    }
    if (Buffer.byteLength(clientId) > limits.clientIdBytes) {
      return { ...rejected, reason: `the client id has more than ${limits.clientIdBytes} bytes` };
    }
    return undefined;
  }

  async #login(): Promise<void> {
    const { hooks, totals } = this.#connection.room;
    const { address, certificate, listener } = this.#connection.origin;
    const { clientId, password, userName } = this.#packet;
    let admission: MqttAdmission;
    try {
      admission = await hooks.authenticate({
        clientId,
        username: userName,
        password,
        certificate,
        address,
        listener,
      });
    } catch {
      admission = { refused: "not-authorized" };
    }
    if (this.#connection.closed) return;
    if ("refused" in admission) {
      totals.refused++;
      const reason = REFUSALS[admission.refused].reason;
      this.#connection.room.remarks.warn(
        `login ${address} ${userName ?? ""}`,
        { address, listener, client: clientId.slice(0, 100), username: userName?.slice(0, 100), reason },
        "a client was not let in",
      );
      this.#refuse(REFUSALS[admission.refused]);
      return;
    }
    await this.#enter(admission.account);
  }

  async #enter(account: string): Promise<void> {
    const { room } = this.#connection;
    const { version } = this.#packet;
    const assigned = this.#packet.clientId === "" ? room.sessions.newClientId() : undefined;
    const client: MqttClient = {
      id: assigned ?? this.#packet.clientId,
      username: account,
      address: this.#connection.origin.address,
      listener: this.#connection.origin.listener,
      protocol: version === 5 ? "5.0" : "3.1.1",
      connectedAt: room.clock.now(),
    };
    const will = this.#will(client);
    if (will === "refused") {
      this.#refuse({ ...REFUSALS["not-authorized"], reason: "the will's topic is not allowed" });
      return;
    }
    const opened = room.sessions.open(client, {
      cleanStart: this.#packet.cleanStart,
      expirySeconds: this.#expirySeconds(),
      will,
    });
    if (opened === undefined) {
      this.#refuse({ code: ReasonCode.quotaExceeded, returnCode: 3, reason: "too many sessions" });
      return;
    }
    // The session is this connection's from here on: another CONNECT with its id takes it over even before CONNACK.
    const agreement = this.#agree(client, opened.session);
    this.#connection.enter(agreement, working);
    room.sessions.attach(this.#connection, opened.session, client);
    await room.store.kept();
    if (this.#connection.closed) return;
    this.#welcome(agreement, opened.present, assigned);
  }

  #welcome(
    { client, keepAliveSeconds, session }: Agreement,
    present: boolean,
    assigned: string | undefined,
  ): void {
    const connection = this.#connection;
    const { hooks, limits } = connection.room;
    const { properties, version } = this.#packet;
    const asked = properties.sessionExpirySeconds ?? 0;
    const answer: PropertiesOf["connack"] = {
      receiveMaximum: limits.inFlight,
      maximumPacketSize: limits.packetBytes,
      topicAliasMaximum: limits.topicAliases,
      ...(session.expirySeconds !== asked && { sessionExpirySeconds: session.expirySeconds }),
      ...(assigned !== undefined && { assignedClientIdentifier: assigned }),
      ...(keepAliveSeconds !== this.#packet.keepAliveSeconds && { serverKeepAliveSeconds: keepAliveSeconds }),
    };
    // [MQTT-3.2.2-2], [MQTT-3.2.2-3]
    const told = connection.write({
      type: "connack",
      sessionPresent: present,
      reasonCode: 0,
      properties: version === 5 ? answer : NO_PROPERTIES,
    });
    if (!told) {
      connection.close("its Maximum Packet Size has no room for CONNACK");
      return;
    }
    hooks.connected(client);
    session.link = connection;
    // 5.0 §3.1.2.11.3: without it 65,535; the house's own limit holds all the same.
    const window = Math.min(properties.receiveMaximum ?? 65_535, limits.inFlight);
    session.outbound.connected(window);
    connection.pump();
  }

  #agree(client: MqttClient, session: Session): Agreement {
    const connection = this.#connection;
    const { room } = connection;
    const { properties, version } = this.#packet;
    const { maximumPacketSize, topicAliasMaximum = 0 } = properties;
    const aliases = Math.min(topicAliasMaximum, room.limits.topicAliases);
    return {
      version,
      client,
      session,
      intake: new Intake({
        room,
        connection,
        session,
        client,
        version,
        aliases: new InboundAliases(room.limits.topicAliases),
      }),
      outlet: new Outlet({
        version,
        out: connection.out,
        maximumPacketSize,
        aliases: aliases > 0 ? new OutboundAliases(aliases) : undefined,
      }),
      keepAliveSeconds: this.#keepAlive(),
      askedExpirySeconds: properties.sessionExpirySeconds ?? 0,
    };
  }

  /** Seconds; what the client asks for within what the house allows. */
  #expirySeconds(): number {
    const { cleanStart, properties, version } = this.#packet;
    const most = this.#connection.room.limits.sessionExpirySeconds;
    // 3.1.1 §3.1.2.4: a session that is not clean never ends; here it ends when nobody has come for long.
    if (version === 4) return cleanStart ? 0 : most;
    const asked = properties.sessionExpirySeconds ?? 0;
    return asked === NEVER_SECONDS ? most : Math.min(asked, most);
  }

  /** Seconds: clients of 5.0 can be told another than they asked for ([MQTT-3.1.2-21]). */
  #keepAlive(): number {
    const { keepAliveSeconds, version } = this.#packet;
    const most = this.#connection.room.limits.keepAliveSeconds;
    if (version === 4 || most === 0) return keepAliveSeconds;
    return keepAliveSeconds === 0 ? most : Math.min(keepAliveSeconds, most);
  }

  #will(client: MqttClient): PendingWill | undefined | "refused" {
    const { will } = this.#packet;
    if (will === undefined) return undefined;
    const { hooks, limits } = this.#connection.room;
    const parsed = parseTopicName(will.topic, limits.topic);
    if (!parsed.ok || isServersOwn(parsed.topic) || !hooks.mayPublish(client, parsed.topic)) return "refused";
    const { payload, properties, qos, retain } = will;
    const message = new Message({
      topic: parsed.topic,
      payload,
      qos,
      retain,
      properties: forwarded(properties),
      borrowed: true,
    }).keep();
    return {
      message,
      delayMs: (properties.willDelaySeconds ?? 0) * 1_000,
      expirySeconds: properties.messageExpirySeconds,
    };
  }

  #refuse({ code, reason, returnCode }: Refusal): void {
    const { redirect } = this.#connection.room;
    const { version } = this.#packet;
    this.#connection.refuse(version === 5 ? code : returnCode, reason, redirect?.reference);
  }
}
