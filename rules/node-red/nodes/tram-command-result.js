export { default } from "../dist/nodes/command-result.js";
