import { describe, expect, it } from "vitest";
import {
  type CloudEntry,
  faultsOf,
  freshEntry,
  type HeldPem,
  refusedFields,
  requestOf,
  withNewPair,
} from "./cloud-entry.ts";
import { CLOUD_KINDS, type CloudKind, fieldsOf } from "./cloud-kinds.ts";

const kindOf = (key: CloudKind["key"]): CloudKind => {
  const kind = CLOUD_KINDS.find((each) => each.key === key);
  if (kind === undefined) throw new Error(`there is no ${key}`);
  return kind;
};
const AWS = kindOf("aws-claim");
const MQTT = kindOf("mqtt");
const held = (text: string): HeldPem => ({ name: "a.pem", text, count: 1 });
const GOOD: CloudEntry = {
  ...freshEntry(AWS, []),
  endpoint: " a1-ats.iot.eu-central-1.amazonaws.com ",
  "claim.certificate": held("C"),
  "claim.key": held("K"),
  template: "tram-gateways",
};

describe("an entry of the form", () => {
  it("begins with what is usual, under a name that is free", () => {
    expect(freshEntry(AWS, [])).toMatchObject({ id: "aws", port: "8883" });
    expect(freshEntry(AWS, ["aws", "aws-2"])).toMatchObject({ id: "aws-3" });
    expect(freshEntry(MQTT, ["aws"])).toEqual({ id: "mqtt" });
  });

  it("becomes the request of the API, without what was left empty", () => {
    expect(faultsOf(fieldsOf(AWS), GOOD).size).toBe(0);
    expect(requestOf(AWS, GOOD)).toEqual({
      provider: "aws-iot",
      id: "aws",
      endpoint: "a1-ats.iot.eu-central-1.amazonaws.com",
      port: 8_883,
      claim: { certificate: "C", key: "K" },
      template: "tram-gateways",
    });
    const parameters = [
      { row: 0, name: " SerialNumber ", value: "farm" },
      { row: 1, name: "", value: " " },
    ];
    expect(requestOf(AWS, { ...GOOD, parameters, port: "443", thing: "farm", ca: held("R") })).toMatchObject({
      port: 443,
      parameters: { SerialNumber: "farm" },
      thing: "farm",
      ca: "R",
    });
    const ibm = { id: "ibm", host: "h", port: "443", org: "main", gatewayType: "t", token: "k" };
    expect(requestOf(kindOf("ibm"), ibm)).toEqual({ provider: "bluemix", ...ibm, port: 443 });
    const own = { id: "own", endpoint: "h", port: "443", certificate: held("C"), key: held("K"), thing: "" };
    expect(requestOf(kindOf("aws-own"), own)).toEqual({
      provider: "aws-iot",
      id: "own",
      endpoint: "h",
      port: 443,
      certificate: "C",
      key: "K",
    });
    const broker = { id: "site", url: "mqtts://b:1", username: "farm", password: " two  words " };
    expect(requestOf(MQTT, broker)).toEqual({ provider: "mqtt", ...broker });
  });

  it("says what is missing, at the field", () => {
    expect([...faultsOf(fieldsOf(AWS), freshEntry(AWS, [])).keys()]).toEqual([
      "endpoint",
      "claim.certificate",
      "claim.key",
      "template",
    ]);
    expect([...faultsOf(fieldsOf(MQTT), freshEntry(MQTT, []))]).toEqual([["url", "cloud.add.missing"]]);
  });

  it.each([
    ["endpoint", "https://a1-ats.iot.eu-central-1.amazonaws.com", "cloud.add.hostWrong"],
    ["endpoint", "a1-ats.iot/", "cloud.add.hostWrong"],
    ["port", "0", "cloud.add.numberWrong"],
    ["port", "88 83", "cloud.add.numberWrong"],
    ["port", "65536", "cloud.add.numberWrong"],
    ["template", "of mine", "cloud.add.templateWrong"],
    ["thing", "farm--1", "cloud.add.thingWrong"],
    ["thing", "x".repeat(65), "cloud.add.thingWrong"],
    ["id", "Farm", "cloud.add.idWrong"],
    ["id", " ", "cloud.add.missing"],
  ])("%s: %s is none", (at, value, fault) => {
    expect([...faultsOf(fieldsOf(AWS), { ...GOOD, [at]: value })]).toEqual([[at, fault]]);
  });

  it.each(["broker:1883", "http://broker", "mqtt://me:secret@broker", "mqtt://", "mqtts://broker/path"])(
    "%s is no address of a broker",
    (url) => {
      expect([...faultsOf(fieldsOf(MQTT), { id: "a", url }).values()]).toEqual(["cloud.add.urlWrong"]);
    },
  );

  it("says when a parameter has no name, or two have the same", () => {
    const pairs = withNewPair([{ row: 0, name: "a", value: "1" }]);
    expect(pairs.map(({ row }) => row)).toEqual([0, 1]);
    const with2 = (name: string, value: string) =>
      faultsOf(fieldsOf(AWS), {
        ...GOOD,
        parameters: [pairs[0] ?? [], { row: 1, name, value }] as typeof pairs,
      });
    expect(with2("", "").size).toBe(0);
    expect(with2("", "2").get("parameters")).toBe("cloud.add.pairNameless");
    expect(with2("a ", "2").get("parameters")).toBe("cloud.add.pairTwice");
  });

  it("puts what the gateway refuses at the fields", () => {
    const errors = [
      { path: "claim.key", problem: "expected at most 65536 characters" },
      { path: "parameters.a", problem: "expected a string, found 5" },
      { path: "url", problem: "is missing" },
      { path: "more.x", problem: "cannot be said here" },
    ];
    expect([...refusedFields(fieldsOf(AWS), { errors })]).toEqual([
      ["claim.key", "expected at most 65536 characters"],
      ["parameters", "expected a string, found 5"],
    ]);
  });
});

it("no two fields of a kind have the same place, and each has one name for itself", () => {
  for (const { fields, rarely } of CLOUD_KINDS) {
    const places = [...fields, ...rarely].map(({ at }) => at);
    expect(new Set(places).size).toBe(places.length);
    expect(places).toContain("id");
  }
});
