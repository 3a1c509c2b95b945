import type { BrokerCapabilities } from "@tram/core";
import { ENGINES } from "./engines.ts";

const MEANINGS: Readonly<Record<keyof BrokerCapabilities, string>> = {
  ownClients:
    "Clients log in at the gateway: accounts, pairing, rights, the list of clients, and what the house refuses reaches nobody",
  acknowledgesWhenKept:
    "A client has its acknowledgement when its message is kept, with the rule decision that it caused",
  mqtt5: "MQTT 5.0, besides 3.1.1",
  sharedSubscriptions: "Shared subscriptions (`$share/…`)",
  durableSessions: "Sessions, and what waits in them, outlive a restart of the gateway",
  durableRetained: "Retained messages of clients outlive a restart of the gateway",
};

const TITLES: Readonly<Record<keyof typeof ENGINES, string>> = {
  tram: "`tram` (default)",
  aedes: "`aedes`",
  external: "`external`¹",
};

/** What each engine gives, as Markdown, made of the data that the contract of the engines is run with. */
export function engineReference(): string {
  const names = Object.keys(ENGINES) as (keyof typeof ENGINES)[];
  const rows = Object.entries(MEANINGS).map(([capability, meaning]) => {
    const cells = names.map((name) => (ENGINES[name][capability as keyof BrokerCapabilities] ? "yes" : "no"));
    return `| ${[meaning, ...cells].join(" | ")} |`;
  });
  return [
    "# What each broker engine gives",
    "",
    "Made by `make generate`. The engine is chosen by `mqtt.engine`. The tests try each of these rows with each engine, the",
    "noes too (`testkit/src/broker-contract`), besides what all of them give: QoS 0, 1 and 2, retained messages, wills,",
    "sessions, readings and commands of Homie, and that nothing which was acknowledged by the gateway is lost.",
    "",
    `| | ${names.map((name) => TITLES[name]).join(" | ")} |`,
    `| --- | ${names.map(() => "---").join(" | ")} |`,
    ...rows,
    "",
    "¹ A broker of others. What is told here is tried with mosquitto 2.0 with `persistence true`; another one may differ. What",
    "its clients may do, and when they are acknowledged, is its own affair; the gateway acknowledges to it when it has kept.",
    "",
  ].join("\n");
}
