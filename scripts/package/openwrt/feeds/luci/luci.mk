# The stand-in's luci.mk, after what LuCI's documents: htdocs/ goes to /www, root/ to /, and each po/<language>/*.po becomes
# a package of its own, compiled to the catalogues that LuCI reads.
PKG_NAME?=$(notdir $(CURDIR))
PKG_RELEASE?=1
LUCI_PKGARCH?=all
# luci-app-tram: the catalogues and their packages are named after what follows the kind.
LUCI_BASENAME?=$(subst $(space),-,$(wordlist 3,9,$(subst -, ,$(PKG_NAME))))
LUCI_LANGUAGES:=$(sort $(filter-out templates,$(notdir $(wildcard $(CURDIR)/po/*))))
LUCI_CATALOGUES:=/usr/lib/lua/luci/i18n
PO2LMO:=$(HOST_NODE) $(TOPDIR)/../po2lmo.ts

LUCI_LANG.en:=English
LUCI_LANG.vi:=Tiếng Việt (Vietnamese)

include $(INCLUDE_DIR)/package.mk

define Package/$(PKG_NAME)
  SECTION:=luci
  CATEGORY:=LuCI
  SUBMENU:=3. Applications
  TITLE:=$(or $(LUCI_TITLE),LuCI: $(LUCI_BASENAME))
  DEPENDS:=$(LUCI_DEPENDS)
  URL:=$(LUCI_URL)
  PKGARCH:=$(LUCI_PKGARCH)
  USERID:=$(LUCI_USERID)
endef

define Package/$(PKG_NAME)/description
$(strip $(or $(LUCI_DESCRIPTION),$(LUCI_TITLE)))
endef

# Files of a working copy have whatever modes its owner's umask gave them; only the executable bit is meant.
define Package/$(PKG_NAME)/install
	$(if $(wildcard htdocs),$(INSTALL_DIR) $(1)/www && $(CP) htdocs/. $(1)/www/)
	$(if $(wildcard root),$(CP) root/. $(1)/)
	find $(1) -type d -exec chmod 0755 {} + -o -perm /0111 -exec chmod 0755 {} + -o -exec chmod 0644 {} +
endef

# LuCI keeps an index of its menu, and rpcd its list of objects and rights: both are read again after an installation.
ifndef Package/$(PKG_NAME)/postinst
define Package/$(PKG_NAME)/postinst
[ -n "$${IPKG_INSTROOT}" ] || {
	rm -rf /tmp/luci-indexcache /tmp/luci-indexcache.* /tmp/luci-modulecache
	/etc/init.d/rpcd reload 2>/dev/null
	exit 0
}
endef
endif

# 1: language
define LuciTranslation
  define Package/luci-i18n-$(LUCI_BASENAME)-$(1)
    SECTION:=luci
    CATEGORY:=LuCI
    TITLE:=$(PKG_NAME) - $(1) translation
    HIDDEN:=1
    DEPENDS:=$(PKG_NAME)
    PKGARCH:=all
  endef

  define Package/luci-i18n-$(LUCI_BASENAME)-$(1)/description
    Translation for $(PKG_NAME) - $(or $(LUCI_LANG.$(1)),$(error $(1): expected a language with a name in luci.mk))
  endef

  define Package/luci-i18n-$(LUCI_BASENAME)-$(1)/install
	$$(INSTALL_DIR) $$(1)/etc/uci-defaults $$(1)$(LUCI_CATALOGUES)
	printf '%s\n' "uci set luci.languages.$(subst -,_,$(1))='$(LUCI_LANG.$(1))'; uci commit luci" \
		> $$(1)/etc/uci-defaults/luci-i18n-$(LUCI_BASENAME)-$(1)
	chmod 0644 $$(1)/etc/uci-defaults/luci-i18n-$(LUCI_BASENAME)-$(1)
	$(foreach po,$(sort $(wildcard po/$(1)/*.po)),
	$(PO2LMO) $(po) $$(1)$(LUCI_CATALOGUES)/$(basename $(notdir $(po))).$(1).lmo)
  endef

  LUCI_PACKAGES+=luci-i18n-$(LUCI_BASENAME)-$(1)
endef

LUCI_PACKAGES:=$(PKG_NAME)
$(foreach language,$(LUCI_LANGUAGES),$(eval $(call LuciTranslation,$(language))))
$(foreach package,$(LUCI_PACKAGES),$(eval $(call BuildPackage,$(package))))
