import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stageFeed } from "./feed.ts";
import type { StagedPackage } from "./staged-package.ts";

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "tram-feed-"));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

function write(path: string, text: string, mode = 0o644): void {
  const file = join(place, "feed", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, mode);
}

function stage(): StagedPackage[] {
  return stageFeed(join(place, "work"), join(place, "downloads"), join(place, "feed"));
}

function modes({ tree }: StagedPackage): Record<string, string> {
  return Object.fromEntries(
    tree.filter(({ kind }) => kind !== "folder").map(({ path, mode }) => [path, mode.toString(8)]),
  );
}

const MAKEFILE = `include $(TOPDIR)/rules.mk
PKG_NAME:=thing
PKG_VERSION:=1.2
PKG_RELEASE:=3
PKG_LICENSE:=MIT
PKG_MAINTAINER:=Somebody
include $(INCLUDE_DIR)/package.mk

define Package/thing
  SECTION:=net
  CATEGORY:=Network
  TITLE:=A thing, with a comma
  DEPENDS:=+node +luci-base
  PKGARCH:=all
endef

define Package/thing/description
	First line, indented.
	Second.
endef

define Package/thing/conffiles
/etc/config/thing
/etc/thing/keys
endef

define Package/thing/postinst
#!/bin/sh
[ -n "$$IPKG_INSTROOT" ] || echo "$$(date)"
endef

define Package/thing/install
	$(INSTALL_DIR) $(1)/etc/config $(1)/usr/bin
	$(INSTALL_CONF) ./files/thing.config $(1)/etc/config/thing
	$(INSTALL_BIN) ./files/thing.sh $(1)/usr/bin/thing
	$(LN) thing $(1)/usr/bin/another
endef

$(eval $(call BuildPackage,thing))
`;

describe("a Makefile of the feed", () => {
  beforeEach(() => {
    write("thing/files/thing.config", "config thing\n", 0o666);
    write("thing/files/thing.sh", "#!/bin/sh\n", 0o600);
  });

  test("is what it says, with the modes of its recipe", () => {
    write("thing/Makefile", MAKEFILE);
    const [thing] = stage();
    expect(thing).toMatchObject({
      name: "thing",
      version: "1.2-r3",
      title: "A thing, with a comma",
      description: "First line, indented.\nSecond.",
      depends: ["libc", "node", "luci-base"],
      conffiles: ["/etc/config/thing", "/etc/thing/keys"],
      scripts: { postinst: '#!/bin/sh\n[ -n "$IPKG_INSTROOT" ] || echo "$(date)"' },
    });
    expect(thing && modes(thing)).toEqual({
      "etc/config/thing": "600",
      "usr/bin/thing": "755",
      "usr/bin/another": "777",
      "lib/upgrade/keep.d/thing": "644",
    });
    // Configuration that it does not bring is on sysupgrade's list instead.
    expect(readFileSync(join(thing?.root ?? "", "lib/upgrade/keep.d/thing"), "utf8")).toBe(
      "/etc/thing/keys\n",
    );
  });

  test.each([
    ["a recipe that fails", ["./files/thing.sh", "./files/nothing.sh"], /make failed:[\s\S]*nothing\.sh/],
    ["a field that is missing", ["PKG_LICENSE:=MIT\n", ""], /package thing: expected LICENSE, found nothing/],
    ["a condition", ["+node", "+PACKAGE_x:node"], /DEPENDS: expected \+package, found \+PACKAGE_x:node/],
    [
      "a package that is not defined",
      ["BuildPackage,thing", "BuildPackage,other"],
      /expected Package\/other/,
    ],
    ["a mode that no package may have", ["$(LN) thing", "chmod u+s $(1)/usr/bin/thing; : "], /set-uid/],
  ])("%s is an error", (_what, [from = "", to = ""], problem) => {
    write("thing/Makefile", MAKEFILE.replace(from, to));
    expect(stage).toThrow(problem);
  });
});

describe("a LuCI application", () => {
  const APPLICATION = `include $(TOPDIR)/rules.mk
PKG_NAME:=luci-app-two-words
PKG_VERSION:=1.0
PKG_LICENSE:=MIT
PKG_MAINTAINER:=Somebody
LUCI_TITLE:=LuCI for it
LUCI_DEPENDS:=+luci-base +rpcd-mod-ucode
include $(TOPDIR)/feeds/luci/luci.mk
`;

  beforeEach(() => {
    write("luci-app-two-words/Makefile", APPLICATION);
    write("luci-app-two-words/htdocs/luci-static/resources/view/thing.js", "'use strict';\n", 0o600);
    write("luci-app-two-words/root/usr/share/rpcd/acl.d/thing.json", "{}\n", 0o664);
    write("luci-app-two-words/root/usr/libexec/thing", "#!/bin/sh\n", 0o700);
    write("luci-app-two-words/tests/thing.test.js", "");
    write("luci-app-two-words/po/templates/thing.pot", 'msgid "Hello"\nmsgstr ""\n');
    write("luci-app-two-words/po/vi/thing.po", 'msgid "Hello"\nmsgstr "Xin chào"\n');
  });

  test("its pages and files lie where LuCI looks, each language is a package", () => {
    const [application, vietnamese, ...more] = stage();
    expect(more).toEqual([]);
    expect(application).toMatchObject({
      name: "luci-app-two-words",
      version: "1.0-r1",
      architecture: "all",
      depends: ["libc", "luci-base", "rpcd-mod-ucode"],
    });
    expect(application && modes(application)).toEqual({
      "usr/libexec/thing": "755",
      "usr/share/rpcd/acl.d/thing.json": "644",
      "www/luci-static/resources/view/thing.js": "644",
    });
    expect(application?.scripts.postinst).toMatch(/rm -rf \/tmp\/luci-indexcache[\s\S]*rpcd reload/);
    expect(vietnamese).toMatchObject({
      name: "luci-i18n-two-words-vi",
      version: "1.0-r1",
      depends: ["libc", "luci-app-two-words"],
    });
    expect(vietnamese && modes(vietnamese)).toEqual({
      "etc/uci-defaults/luci-i18n-two-words-vi": "644",
      "usr/lib/lua/luci/i18n/thing.vi.lmo": "644",
    });
    const setUp = readFileSync(
      join(vietnamese?.root ?? "", "etc/uci-defaults/luci-i18n-two-words-vi"),
      "utf8",
    );
    expect(setUp).toBe("uci set luci.languages.vi='Tiếng Việt (Vietnamese)'; uci commit luci\n");
  });

  test("a translation that cannot be read is an error with its file", () => {
    write("luci-app-two-words/po/vi/thing.po", "msgid Hello\n");
    expect(stage).toThrow(/po\/vi\/thing\.po: line 1: expected a message/);
  });
});
