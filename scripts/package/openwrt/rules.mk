# A stand-in for OpenWrt's rules.mk, written for this repository: it offers what the Makefiles of packages-openwrt/ use of
# its documented interface, so that `make package` runs those very Makefiles without an OpenWrt SDK. The caller names
#   STAGE_DIR  where each package is laid out: <package>/root, <package>/fields, <package>/scripts
#   BUILD_DIR  where sources are unpacked       DL_DIR  where PKG_SOURCE lies       HOST_NODE  the Node that runs tools
ifeq ($(and $(STAGE_DIR),$(BUILD_DIR),$(DL_DIR)),)
  $(error expected STAGE_DIR, BUILD_DIR and DL_DIR)
endif

SHELL:=/bin/bash
.SHELLFLAGS:=-eu -o pipefail -c
.DEFAULT_GOAL:=stage

INCLUDE_DIR:=$(TOPDIR)/include

# The modes are the contract: what these commands write is what the packages carry.
INSTALL_DIR:=install -d -m0755
INSTALL_BIN:=install -m0755
INSTALL_DATA:=install -m0644
INSTALL_CONF:=install -m0600
CP:=cp -fpR
LN:=ln -sf

empty:=
space:=$(empty) $(empty)
comma:=,
