export { default } from "../dist/nodes/thing-in.js";
