export { Bluemix, type BluemixEvent, type BluemixOptions } from "./bluemix.ts";
export { bluemixPeer } from "./cloud-peer.ts";
export type { ManagedDevice, ManagementResponse } from "./device-management.ts";
export type { Incident as BluemixIncident, IncidentCode as BluemixIncidentCode } from "./incident.ts";
export { BLUEMIX_LIMITS, type BluemixLimits } from "./limits.ts";
