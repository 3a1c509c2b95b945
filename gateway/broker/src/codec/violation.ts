import type { ProtocolVersion } from "./packet.ts";
import { PacketError, type PacketErrorCode } from "./packet-error.ts";

interface Rule {
  readonly code: PacketErrorCode;
  /** In 3.1.1 and in 5.0. */
  readonly clauses: readonly [v4: string, v5: string];
  readonly text: string;
}

/**
 * Everything that the codec refuses, with the statement that it breaks in each version. Where the specification has no
 * numbered statement, the section stands. A rule of one version only has the same clause twice.
 */
const RULES = {
  // The fixed header.
  "reserved-type": malformed("§2.2.1", "§2.1.2", "the packet type is reserved"),
  "not-connect-first": refused("MQTT-3.1.0-1", "MQTT-3.1.0-1", "the first packet is not CONNECT"),
  "second-connect": refused("MQTT-3.1.0-2", "MQTT-3.1.0-2", "a second CONNECT"),
  direction: refused("§2.2.1", "§2.1.2", "this packet is not for this side to send"),
  flags: malformed(
    "MQTT-2.2.2-2",
    "MQTT-2.1.3-1",
    "reserved flags of the fixed header are not as they must be",
  ),
  "pubrel-flags": malformed("MQTT-3.6.1-1", "MQTT-3.6.1-1", "the flags of PUBREL are not 0010"),
  "subscribe-flags": malformed("MQTT-3.8.1-1", "MQTT-3.8.1-1", "the flags of SUBSCRIBE are not 0010"),
  "unsubscribe-flags": malformed("MQTT-3.10.1-1", "MQTT-3.10.1-1", "the flags of UNSUBSCRIBE are not 0010"),
  "disconnect-flags": malformed("MQTT-3.14.1-1", "MQTT-3.14.1-1", "the flags of DISCONNECT are not 0000"),
  "auth-flags": malformed("MQTT-3.15.1-1", "MQTT-3.15.1-1", "the flags of AUTH are not 0000"),
  "qos-3": malformed("MQTT-3.3.1-4", "MQTT-3.3.1-4", "PUBLISH has both QoS bits set"),
  "dup-at-qos-0": malformed("MQTT-3.3.1-2", "MQTT-3.3.1-2", "PUBLISH of QoS 0 has DUP set"),
  "long-integer": malformed("§2.2.3", "§1.5.5", "a variable byte integer of more than four bytes"),
  "overlong-integer": malformed("§2.2.3", "MQTT-1.5.5-1", "a variable byte integer with needless bytes"),
  "too-large": {
    code: "packet-too-large",
    clauses: ["§2.2.3", "MQTT-3.2.2-15"],
    text: "the packet is larger than is taken here",
  },

  // Fields of any packet.
  truncated: malformed("§2.2.3", "§2.1.4", "a field goes beyond the end of its packet"),
  trailing: malformed("§2.2.3", "§2.1.4", "bytes are left behind the last field"),
  "ill-formed-text": malformed("MQTT-1.5.3-1", "MQTT-1.5.4-1", "a string is not well-formed UTF-8"),
  "null-character": malformed("MQTT-1.5.3-2", "MQTT-1.5.4-2", "a string contains U+0000"),
  "packet-id-0": refused("MQTT-2.3.1-1", "MQTT-2.2.1-3", "the packet identifier is 0"),
  "answered-id-0": refused("MQTT-2.3.1-6", "MQTT-2.2.1-5", "the packet identifier answered is 0"),
  "granted-id-0": refused("MQTT-2.3.1-7", "MQTT-2.2.1-6", "the packet identifier answered is 0"),

  // CONNECT and CONNACK.
  "protocol-name": unsupported("MQTT-3.1.2-1", "the protocol name is not MQTT"),
  "protocol-level": unsupported("MQTT-3.1.2-2", "the protocol level is neither 4 nor 5"),
  "connect-reserved-flag": malformed("MQTT-3.1.2-3", "MQTT-3.1.2-3", "the reserved flag of CONNECT is set"),
  "will-qos-3": malformed("MQTT-3.1.2-14", "MQTT-3.1.2-12", "the will's QoS is 3"),
  "will-qos-alone": malformed("MQTT-3.1.2-13", "MQTT-3.1.2-11", "a will QoS without a will"),
  "will-retain-alone": malformed("MQTT-3.1.2-15", "MQTT-3.1.2-13", "a will retain flag without a will"),
  "password-alone": malformed("MQTT-3.1.2-22", "MQTT-3.1.2-22", "a password without a user name"),
  "client-id-missing": malformed("MQTT-3.1.3-3", "MQTT-3.1.3-3", "the client identifier is missing"),
  "will-missing": malformed("MQTT-3.1.2-9", "MQTT-3.1.2-9", "the flags announce a will that is missing"),
  "user-name-missing": malformed("MQTT-3.1.2-19", "MQTT-3.1.2-17", "the user name announced is missing"),
  "password-missing": malformed("MQTT-3.1.2-21", "MQTT-3.1.2-19", "the password announced is missing"),
  "connect-trailing": malformed("MQTT-3.1.3-1", "MQTT-3.1.3-1", "CONNECT has more than its flags announce"),
  "authentication-data-alone": refused(
    "§3.1.2.11.10",
    "§3.1.2.11.10",
    "authentication data without an authentication method",
  ),
  "connack-flags": malformed("§3.2.2.1", "MQTT-3.2.2-1", "reserved flags of CONNACK are set"),
  "connack-code": refused("§3.2.2.3", "MQTT-3.2.2-8", "CONNACK has no such code"),
  "session-of-refused": refused("MQTT-3.2.2-4", "MQTT-3.2.2-6", "a session is present, and yet refused"),

  // PUBLISH and what answers it.
  "topic-wildcard": malformed("MQTT-3.3.2-2", "MQTT-3.3.2-2", "the topic name contains a wildcard"),
  "topic-empty": malformed("MQTT-4.7.3-1", "MQTT-4.7.3-1", "a topic name or filter is empty"),
  "topic-unknown": refused("§3.3.2.1", "§3.3.2.1", "an empty topic name without a topic alias"),
  "topic-alias-0": {
    code: "topic-alias-invalid",
    clauses: ["MQTT-3.3.2-8", "MQTT-3.3.2-8"],
    text: "the topic alias is 0",
  },
  "subscription-id-of-client": refused(
    "MQTT-3.3.4-6",
    "MQTT-3.3.4-6",
    "a client published with a subscription identifier",
  ),
  "puback-code": refused("MQTT-3.4.2-1", "MQTT-3.4.2-1", "PUBACK has no such reason code"),
  "pubrec-code": refused("MQTT-3.5.2-1", "MQTT-3.5.2-1", "PUBREC has no such reason code"),
  "pubrel-code": refused("MQTT-3.6.2-1", "MQTT-3.6.2-1", "PUBREL has no such reason code"),
  "pubcomp-code": refused("MQTT-3.7.2-1", "MQTT-3.7.2-1", "PUBCOMP has no such reason code"),

  // Topics in other places.
  "other-topic-wildcard": malformed("MQTT-4.7.1-1", "MQTT-4.7.0-1", "a topic name contains a wildcard"),
  "response-topic-wildcard": malformed(
    "MQTT-3.3.2-14",
    "MQTT-3.3.2-14",
    "the response topic contains a wildcard",
  ),
  "filter-multi-level": malformed(
    "MQTT-4.7.1-2",
    "MQTT-4.7.1-1",
    "# is not the whole last level of the filter",
  ),
  "filter-single-level": malformed("MQTT-4.7.1-3", "MQTT-4.7.1-2", "+ is not a whole level of the filter"),
  "share-name-empty": malformed("MQTT-4.8.2-1", "MQTT-4.8.2-1", "a shared subscription without a share name"),
  "share-name": malformed(
    "MQTT-4.8.2-2",
    "MQTT-4.8.2-2",
    "a share name with a wildcard, or no filter behind it",
  ),

  // SUBSCRIBE, UNSUBSCRIBE and their answers.
  "subscribe-empty": refused("MQTT-3.8.3-3", "MQTT-3.8.3-2", "SUBSCRIBE without a topic filter"),
  // The specification itself writes the number of this statement so.
  "requested-qos": malformed("MQTT-3-8.3-4", "MQTT-3-8.3-4", "the requested QoS is not 0, 1 or 2"),
  "subscription-reserved-bits": malformed(
    "MQTT-3.8.3-5",
    "MQTT-3.8.3-5",
    "reserved bits of the subscription options are set",
  ),
  "subscription-qos-3": refused("§3.8.3.1", "§3.8.3.1", "the maximum QoS of a subscription is 3"),
  "retain-handling-3": refused("§3.8.3.1", "§3.8.3.1", "the retain handling of a subscription is 3"),
  "no-local-shared": refused("MQTT-3.8.3-4", "MQTT-3.8.3-4", "No Local on a shared subscription"),
  "suback-code": refused("MQTT-3.9.3-2", "MQTT-3.9.3-2", "SUBACK has no such code"),
  "suback-empty": refused("MQTT-3.9.3-1", "MQTT-3.9.3-1", "SUBACK without a code"),
  "unsubscribe-empty": refused("MQTT-3.10.3-2", "MQTT-3.10.3-2", "UNSUBSCRIBE without a topic filter"),
  "unsuback-code": refused("MQTT-3.11.3-2", "MQTT-3.11.3-2", "UNSUBACK has no such code"),
  "unsuback-empty": refused("MQTT-3.11.3-1", "MQTT-3.11.3-1", "UNSUBACK without a code"),

  // DISCONNECT and AUTH.
  "disconnect-code": refused("MQTT-3.14.2-1", "MQTT-3.14.2-1", "DISCONNECT has no such code from this side"),
  "expiry-of-server": refused(
    "MQTT-3.14.2-2",
    "MQTT-3.14.2-2",
    "a server sent a session expiry in DISCONNECT",
  ),
  "auth-code": refused("MQTT-3.15.2-1", "MQTT-3.15.2-1", "AUTH has no such code from this side"),
  "authentication-method-missing": refused(
    "§3.15.2.2.2",
    "§3.15.2.2.2",
    "AUTH without an authentication method",
  ),

  // Properties; a property's own section replaces the clause where it has one.
  "properties-truncated": malformed(
    "§2.2.2.1",
    "§2.2.2.1",
    "a property goes beyond the end of the properties",
  ),
  "property-unknown": malformed("§2.2.2.2", "§2.2.2.2", "there is no such property"),
  "property-misplaced": malformed("§2.2.2.2", "§2.2.2.2", "the property does not belong into this packet"),
  "property-twice": refused("§2.2.2.2", "§2.2.2.2", "the property is there twice"),
  "property-range": refused("§2.2.2.2", "§2.2.2.2", "the property's value is out of range"),
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;

/** The names of all rules; each has a row in the table of malformed packets. */
export const RULE_NAMES = Object.keys(RULES) as readonly RuleName[];

/** More about a violation. */
export interface ViolationDetail {
  /** What it was about, added to the message: a name or a number, never bytes of the packet. */
  readonly about?: string;
  /** Instead of the rule's own. */
  readonly clause?: string;
  /** Protocol level that CONNECT asked for. */
  readonly level?: number;
}

/** The error of a broken rule. `version` chooses the clause; before CONNECT is read, that of 3.1.1 stands. */
export function violation(
  name: RuleName,
  version: ProtocolVersion,
  { about, clause, level }: ViolationDetail = {},
): PacketError {
  const { code, clauses, text }: Rule = RULES[name];
  return new PacketError(code, about === undefined ? text : `${text}: ${about}`, {
    clause: clause ?? clauses[version === 5 ? 1 : 0],
    level,
  });
}

function malformed(v4: string, v5: string, text: string): Rule {
  return { code: "malformed", clauses: [v4, v5], text };
}

function refused(v4: string, v5: string, text: string): Rule {
  return { code: "protocol-error", clauses: [v4, v5], text };
}

function unsupported(clause: string, text: string): Rule {
  return { code: "unsupported-version", clauses: [clause, clause], text };
}
