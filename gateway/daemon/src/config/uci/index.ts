export { OPENWRT_FILES, renderConfig } from "./render.ts";
export { replaceSecretFile } from "./write-file.ts";
