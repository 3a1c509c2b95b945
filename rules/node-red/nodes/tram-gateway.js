export { default } from "../dist/nodes/gateway.js";
