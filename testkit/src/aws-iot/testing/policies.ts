import { ARN, type PolicyDocument, type PolicyStatement } from "../policy.ts";

/** Everything that is not AWS's own, and everything that is, under the Thing's name as the client id. */
export const OPEN_POLICY: PolicyDocument = {
  Version: "2012-10-17",
  Statement: { Effect: "Allow", Action: "iot:*", Resource: "*" },
};

/** One statement about resources of the account. */
export function statement(
  Effect: "Allow" | "Deny",
  Action: string | readonly string[],
  ...resources: readonly string[]
): PolicyStatement {
  return { Effect, Action, Resource: resources.map((resource) => `${ARN}:${resource}`) };
}

export function policy(...Statement: readonly PolicyStatement[]): PolicyDocument {
  return { Version: "2012-10-17", Statement };
}
