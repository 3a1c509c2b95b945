export { expressInUci } from "./express.ts";
export { OPENWRT_FILES } from "./openwrt-files.ts";
export { renderConfig } from "./render.ts";
export { replaceSecretFile } from "./write-file.ts";
export { writeUci } from "./write-uci.ts";
