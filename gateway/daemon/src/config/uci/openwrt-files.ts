import { PRODUCT } from "@tram/protocol";

/** Where OpenWrt has the files that the configuration is made of. */
export const OPENWRT_FILES = {
  uci: `/etc/config/${PRODUCT.name}`,
  base: `/etc/${PRODUCT.name}/${PRODUCT.name}.yaml`,
  system: "/etc/config/system",
} as const;
