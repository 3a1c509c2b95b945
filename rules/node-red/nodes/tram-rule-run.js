export { default } from "../dist/nodes/rule-run.js";
