import type { CheckCode, CheckStep } from "./check-step.ts";

const NO_WAY = "Look at the cable, the SIM and the firewall; where only 443 is let out, use port 443.";

const ADVICE: Readonly<Partial<Record<CheckCode, string>>> = {
  dns: "Look at the spelling of the address, and whether the gateway has the Internet.",
  unreachable: NO_WAY,
  timeout: NO_WAY,
  tls: "Look at the port: what is there speaks something else.",
  "tls-authority":
    "Give the authority of this cloud as `ca`. If it is the right one, something in between reads along.",
  "tls-host":
    "Look at the spelling of the address; or a portal answers in the place of the cloud: sign in there.",
  "tls-expired": "Set the gateway's clock; if that is right, the cloud has to renew its certificate.",
  "tls-early": "Set the gateway's clock: for it the certificate has not begun yet.",
  "tls-client":
    "The cloud does not know our certificate: it is of another account or region, was deleted, or has expired.",
  "tls-files": "Certificate and key do not belong together, or are no PEM.",
  credentials: "Look at user name and password, and whether the client id may connect.",
  refused: "Look at the client id, and at the rights of this user.",
  protocol: "What is there is no MQTT broker, or one that does not know what is needed.",
};

/** Of AWS IoT, whose refusals are silent. */
const AWS_ADVICE: Readonly<Partial<Record<CheckCode, string>>> = {
  credentials:
    "In the console of AWS IoT: is the certificate active, and does its policy allow iot:Connect for this client id?",
  refused:
    "In the console of AWS IoT: is the certificate active, and does its policy allow iot:Connect and iot:Subscribe?",
  "tls-client": "In the console of AWS IoT: is the certificate of this account and region, and is it active?",
  "tls-authority": "AWS IoT's certificates come from Amazon Root CA 1: give it as `ca`, or leave `ca` away.",
  template: "Look at the template's name and parameters, and at the policy of the claim.",
};

/** What somebody can do about a fault. @param step at which it showed. */
export function adviceFor(
  code: CheckCode,
  { step, provider }: { readonly step: CheckStep; readonly provider: string },
): string | undefined {
  if (provider === "aws-iot") {
    if (step === "publish") return "The policy of the certificate has to allow iot:Publish for this topic.";
    const own = AWS_ADVICE[code];
    if (own !== undefined) return own;
  }
  if (step === "publish") return "The rights of this user have to allow publishing to this topic.";
  // A line that was there until a moment ago is no matter of cables.
  if (step === "mqtt" && code === "timeout") return "Look at the port: what is there does not answer MQTT.";
  return ADVICE[code];
}
