# A stand-in for OpenWrt's /lib/functions.sh.

# Adds a line to what happened: the call and its arguments, one after the other.
record() {
	local line="" word
	for word in "$@"; do line="$line${line:+	}$word"; done
	printf '%s\n' "$line" >>/record/calls
}

append() { eval "$1=\"\${$1:+\$$1 }\$2\""; }

# Steps that a package manager takes after an installation and before a removal.
default_postinst() {
	local name="${1##*/}" file
	name="${name%.*}"
	record default_postinst "$name"
	for file in $(grep '^/etc/uci-defaults/' "/usr/lib/opkg/info/$name.list"); do
		(cd "${file%/*}" && . "$file") && rm -f "$file"
	done
	for file in $(grep '^/etc/init.d/' "/usr/lib/opkg/info/$name.list"); do
		"$file" enable
		"$file" start
	done
}

default_prerm() {
	local name="${1##*/}" file
	name="${name%.*}"
	record default_prerm "$name"
	for file in $(grep '^/etc/init.d/' "/usr/lib/opkg/info/$name.list"); do
		"$file" disable
		"$file" stop
	done
}

# A static busybox takes its own applets before what is on the PATH.
logger() { /usr/bin/logger "$@"; }
pgrep() { /usr/bin/pgrep "$@"; }
