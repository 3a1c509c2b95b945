import type { Json } from "@tram/protocol";
import { describe, expect, test } from "vitest";
import { evaluate, type TemplateBody } from "./provisioning-template.ts";

const CERTIFICATE = {
  Type: "AWS::IoT::Certificate",
  Properties: { CertificateId: { Ref: "AWS::IoT::Certificate::Id" } },
} as const;

/** What the template makes of one value in its device configuration. */
function configured(value: Json, parameters: Readonly<Record<string, string>> = {}): string | undefined {
  const body: TemplateBody = {
    Parameters: { Site: { Type: "String", Default: "farm" }, Serial: { Type: "String" } },
    Mappings: { Urls: { farm: { Api: "https://farm.example" } } },
    Resources: { certificate: CERTIFICATE },
    DeviceConfiguration: { value },
  };
  return evaluate(body, parameters, "c1").deviceConfiguration.value;
}

describe("a template", () => {
  test.each<[string, Json, string]>([
    ["a text", "x", "x"],
    ["a parameter", { Ref: "Serial" }, "7"],
    ["a parameter that has a default", { Ref: "Site" }, "farm"],
    ["the certificate's id", { Ref: "AWS::IoT::Certificate::Id" }, "c1"],
    ["Fn::Join", { "Fn::Join": ["-", ["a", { Ref: "Serial" }]] }, "a-7"],
    ["Fn::Join without a delimiter", { "Fn::Join": ["", ["a", { Ref: "Serial" }]] }, "a7"],
    ["Fn::Sub", { "Fn::Sub": "no ${Serial} at ${Site}" }, "no 7 at farm"],
    ["Fn::Select", { "Fn::Select": ["1", ["a", "b"]] }, "b"],
    ["Fn::Split", { "Fn::Select": [0, { "Fn::Split": [",", "a,b"] }] }, "a"],
    ["Fn::FindInMap", { "Fn::FindInMap": ["Urls", { Ref: "Site" }, "Api"] }, "https://farm.example"],
  ])("evaluates %s", (_name, value, expected) => {
    expect(configured(value, { Serial: "7" })).toBe(expected);
  });

  test.each<[string, Json]>([
    ["a parameter without a value", { Ref: "Serial" }],
    ["a name that is no parameter", { "Fn::Sub": "${Nobody}" }],
    ["a place that is not in the list", { "Fn::Select": [5, ["a"]] }],
    ["a key that is not in the map", { "Fn::FindInMap": ["Urls", "barn", "Api"] }],
    ["a function that there is not", { "Fn::Base64": ["x"] }],
    ["an object in the device configuration", { nested: "x" }],
  ])("refuses %s", (_name, value) => {
    expect(() => configured(value)).toThrow(expect.objectContaining({ code: "template" }));
  });

  test("takes a certificate by its id only, and a policy by name or document", () => {
    expect(() => evaluate({ Resources: {} }, {}, "c1")).toThrow(/no certificate/);
    const csr = { Type: "AWS::IoT::Certificate", Properties: { CertificateSigningRequest: "x" } } as const;
    expect(() => evaluate({ Resources: { csr } }, {}, "c1")).toThrow(/CertificateId/);
    const document = { Version: "2012-10-17", Statement: [] };
    const made = evaluate(
      {
        Resources: {
          certificate: { ...CERTIFICATE, Properties: { ...CERTIFICATE.Properties, Status: "Inactive" } },
          one: { Type: "AWS::IoT::Policy", Properties: { PolicyName: "p" } },
          two: { Type: "AWS::IoT::Policy", Properties: { PolicyDocument: JSON.stringify(document) } },
        },
      },
      {},
      "c1",
    );
    expect(made).toMatchObject({
      certificateId: "c1",
      certificateStatus: "INACTIVE",
      policyNames: ["p"],
      policyDocuments: [document],
    });
  });
});
