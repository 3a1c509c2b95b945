import type { CloudPeer } from "../provider-contract.ts";
import type { AwsIot, Received } from "./aws-iot.ts";

/**
 * The double as the other side of the provider contract.
 * @param idsOf the ids of the messages that one publish carries. Default: the `id` of its JSON, on topics that are not
 * AWS's own.
 */
export function awsIotPeer(
  aws: AwsIot,
  idsOf: (message: Received) => readonly string[] = idOfJson,
): CloudPeer {
  return {
    start: () => aws.start(),
    stop: () => aws.stop(),
    cut: () => aws.cut(),
    received: async () => aws.received().flatMap((message) => idsOf(message).map((id) => ({ id }))),
  };
}

function idOfJson({ topic, payload }: Received): readonly string[] {
  if (topic.startsWith("$") && !topic.startsWith("$aws/rules/")) return [];
  const body = JSON.parse(payload.toString("utf8")) as { readonly id: string };
  return [body.id];
}
