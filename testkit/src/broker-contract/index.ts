export type { BrokerHarness, OpenedBroker } from "./broker-case.ts";
export { type BrokerCheck, type BrokerUnderContract, brokerContract } from "./broker-contract.ts";
export type { ContractHouse } from "./contract-house.ts";
export { RealClock } from "./real-clock.ts";
