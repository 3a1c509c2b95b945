export { default } from "../dist/nodes/thing-set.js";
