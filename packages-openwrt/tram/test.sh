#!/bin/sh
# OpenWrt's CI calls this on a system that has the package: 1 is its name, 2 its version.

case "$1" in
tram)
	tram --version | grep -F "$2"
	;;
esac
