export { default } from "../dist/nodes/rule-trigger.js";
