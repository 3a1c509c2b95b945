export { default } from "../dist/nodes/gateway-status.js";
