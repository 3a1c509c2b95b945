import { describe, expect, test } from "vitest";
import { allows, checkPolicy, type PolicyAction, type PolicyContext, type PolicyDocument } from "./policy.ts";
import { OPEN_POLICY, policy, statement } from "./testing/policies.ts";

const GATEWAY: PolicyContext = { clientId: "gw", thing: { name: "gw", attributes: { site: "farm" } } };
const STRANGER: PolicyContext = { clientId: "gw" };

const ALLOW_ALL = statement("Allow", "iot:Publish", "topic/*");

describe("a policy", () => {
  test.each<[string, PolicyDocument, PolicyAction, string, PolicyContext, boolean]>([
    ["allows nothing by itself", policy(), "Publish", "a", GATEWAY, false],
    [
      "allows what it names",
      policy(statement("Allow", "iot:Publish", "topic/a/b")),
      "Publish",
      "a/b",
      GATEWAY,
      true,
    ],
    [
      "allows no other topic",
      policy(statement("Allow", "iot:Publish", "topic/a/b")),
      "Publish",
      "a/c",
      GATEWAY,
      false,
    ],
    [
      "allows no other action",
      policy(statement("Allow", "iot:Publish", "topic/a")),
      "Receive",
      "a",
      GATEWAY,
      false,
    ],
    [
      "wants topicfilter for a subscription",
      policy(statement("Allow", "iot:Subscribe", "topic/a")),
      "Subscribe",
      "a",
      GATEWAY,
      false,
    ],
    [
      "denies, whatever else allows",
      policy(ALLOW_ALL, statement("Deny", "iot:Publish", "topic/a")),
      "Publish",
      "a",
      GATEWAY,
      false,
    ],
    [
      "denies only what it names",
      policy(ALLOW_ALL, statement("Deny", "iot:Publish", "topic/a")),
      "Publish",
      "b",
      GATEWAY,
      true,
    ],
    [
      "* goes over levels",
      policy(statement("Allow", "iot:Publish", "topic/a/*")),
      "Publish",
      "a/b/c",
      GATEWAY,
      true,
    ],
    [
      "? is one character",
      policy(statement("Allow", "iot:Publish", "topic/a?")),
      "Publish",
      "ab",
      GATEWAY,
      true,
    ],
    ["? is not two", policy(statement("Allow", "iot:Publish", "topic/a?")), "Publish", "abc", GATEWAY, false],
    [
      "# is no wildcard",
      policy(statement("Allow", "iot:Subscribe", "topicfilter/a/#")),
      "Subscribe",
      "a/b",
      GATEWAY,
      false,
    ],
    [
      "# is itself",
      policy(statement("Allow", "iot:Subscribe", "topicfilter/a/#")),
      "Subscribe",
      "a/#",
      GATEWAY,
      true,
    ],
    [
      "a dot is a dot",
      policy(statement("Allow", "iot:Publish", "topic/a.b")),
      "Publish",
      "axb",
      GATEWAY,
      false,
    ],
    ["knows all actions by *", OPEN_POLICY, "RetainPublish", "a", GATEWAY, true],
    [
      "puts the Thing's name in",
      policy(statement("Allow", "iot:Publish", "topic/${iot:Connection.Thing.ThingName}/*")),
      "Publish",
      "gw/x",
      GATEWAY,
      true,
    ],
    [
      "and not another's",
      policy(statement("Allow", "iot:Publish", "topic/${iot:Connection.Thing.ThingName}/*")),
      "Publish",
      "other/x",
      GATEWAY,
      false,
    ],
    [
      "has no Thing's name for who is not attached",
      policy(statement("Allow", "iot:Publish", "topic/${iot:Connection.Thing.ThingName}/*")),
      "Publish",
      "gw/x",
      STRANGER,
      false,
    ],
    [
      "puts the client id in",
      policy(statement("Allow", "iot:Publish", "topic/${iot:ClientId}")),
      "Publish",
      "gw",
      STRANGER,
      true,
    ],
    [
      "puts an attribute in",
      policy(statement("Allow", "iot:Publish", "topic/${iot:Connection.Thing.Attributes[site]}")),
      "Publish",
      "farm",
      GATEWAY,
      true,
    ],
    [
      "does not know every variable",
      policy(statement("Allow", "iot:Publish", "topic/${aws:SourceIp}")),
      "Publish",
      "x",
      GATEWAY,
      false,
    ],
  ])("%s", (_name, document, action, name, context, expected) => {
    expect(allows([document], action, name, context)).toBe(expected);
  });

  test("a client id is no pattern", () => {
    const own = policy(statement("Allow", "iot:Publish", "topic/${iot:ClientId}/*"));
    expect(allows([own], "Publish", "anybody/x", { clientId: "*" })).toBe(false);
    expect(allows([own], "Publish", "*/x", { clientId: "*" })).toBe(true);
  });

  test("several policies are one", () => {
    const deny = policy(statement("Deny", "iot:*", "topic/secret"));
    expect(allows([OPEN_POLICY, deny], "Publish", "secret", GATEWAY)).toBe(false);
    expect(allows([OPEN_POLICY, deny], "Publish", "open", GATEWAY)).toBe(true);
  });

  test("conditions ask how a client connects", () => {
    const connect = statement("Allow", "iot:Connect", "client/gw");
    const only = policy({
      ...connect,
      Condition: { "ForAllValues:StringEquals": { "iot:ConnectAttributes": ["PersistentConnect"] } },
    });
    const attributes = (...connectAttributes: ("PersistentConnect" | "LastWill")[]): PolicyContext => ({
      ...GATEWAY,
      connectAttributes,
    });
    expect(allows([only], "Connect", "gw", attributes("PersistentConnect"))).toBe(true);
    expect(allows([only], "Connect", "gw", attributes("PersistentConnect", "LastWill"))).toBe(false);
    const attached = policy({
      ...connect,
      Condition: { Bool: { "iot:Connection.Thing.IsAttached": "true" } },
    });
    expect(allows([attached], "Connect", "gw", GATEWAY)).toBe(true);
    expect(allows([attached], "Connect", "gw", STRANGER)).toBe(false);
  });

  test("one that AWS would not take is refused", () => {
    expect(() => checkPolicy(OPEN_POLICY)).not.toThrow();
    const long = policy(statement("Allow", "iot:Publish", `topic/${"x".repeat(2_048)}`));
    expect(() => checkPolicy(long)).toThrow(/2048/);
    const unknown = { ...statement("Allow", "iot:Publish", "topic/a"), Condition: { DateLessThan: {} } };
    expect(() => checkPolicy(policy(unknown as never))).toThrow(/DateLessThan/);
  });
});
