# The stand-in's package.mk: `$(eval $(call BuildPackage,NAME))` writes the fields and scripts of Package/NAME as the
# Makefile gives them, and makes the goal `stage` run its install recipe.
PKG_BUILD_DIR?=$(BUILD_DIR)/$(PKG_NAME)-$(PKG_VERSION)

STAGED_FIELDS:=SECTION CATEGORY SUBMENU TITLE URL DEPENDS EXTRA_DEPENDS CONFLICTS PROVIDES USERID PKGARCH VERSION \
	MAINTAINER LICENSE LICENSE_FILES FILE_MODES HIDDEN DEFAULT
STAGED_SCRIPTS:=preinst postinst prerm postrm
STAGED_TEXTS:=description conffiles

define Package/Default
  $(foreach field,$(STAGED_FIELDS),$(field):=
)
  VERSION:=$(PKG_VERSION)-r$(PKG_RELEASE)
  MAINTAINER:=$(PKG_MAINTAINER)
  LICENSE:=$(PKG_LICENSE)
  LICENSE_FILES:=$(PKG_LICENSE_FILES)
  FILE_MODES:=$(PKG_FILE_MODES)
endef

# 1: package  2: folder below its own  3: name of the file  4: what to write
stage_text=$(if $(strip $(4)),$(file >$(STAGE_DIR)/$(1)/$(2)/$(3),$(4)))

define BuildPackage
$(if $(value Package/$(1)),,$(error $(CURDIR): expected Package/$(1), found no such definition))
$(shell mkdir -p $(STAGE_DIR)/$(1)/root $(STAGE_DIR)/$(1)/fields $(STAGE_DIR)/$(1)/scripts)
$(eval $(Package/Default))
$(eval $(Package/$(1)))
$(foreach field,$(STAGED_FIELDS),$(call stage_text,$(1),fields,$(field),$($(field))))
$(foreach text,$(STAGED_TEXTS),$(call stage_text,$(1),fields,$(text),$(Package/$(1)/$(text))))
$(foreach script,$(STAGED_SCRIPTS),$(call stage_text,$(1),scripts,$(script),$(Package/$(1)/$(script))))

.PHONY: stage stage-$(1)
stage: stage-$(1)
stage-$(1): prepare-source
	$$(call Package/$(1)/install,$(STAGE_DIR)/$(1)/root)
endef

.PHONY: prepare-source
prepare-source:
	@mkdir -p "$(BUILD_DIR)"
	$(if $(PKG_SOURCE),@tar -C "$(BUILD_DIR)" -xzf "$(DL_DIR)/$(PKG_SOURCE)")
