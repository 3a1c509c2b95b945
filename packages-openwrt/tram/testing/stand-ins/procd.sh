# A stand-in for procd's shell functions. It records the calls, and keeps in /record/running what procd would run: setting
# a service replaces its instances, and setting it without any stops it.

for call in procd_set_param procd_append_param procd_open_data procd_close_data procd_add_mdns_service \
	procd_add_reload_trigger procd_add_reload_mount_trigger procd_add_reload_interface_trigger \
	procd_set_config_changed json_add_object json_close_object json_add_array json_close_array json_add_string; do
	eval "$call() { record $call \"\$@\"; }"
done

procd_open_service() {
	record procd_open_service "$@"
	instances=0
}

procd_open_instance() {
	record procd_open_instance "$@"
	instances=$((instances + 1))
}

procd_close_instance() { record procd_close_instance; }

procd_close_service() {
	service_triggers
	record procd_close_service "$@"
	if [ "$instances" -gt 0 ]; then
		echo "start $(wc -l </record/calls)" >/record/running
	else
		rm -f /record/running
	fi
}

procd_kill() {
	record procd_kill "$@"
	rm -f /record/running
}

# Mount points of /etc/config/fstab that hold a path: the test lists them.
procd_get_mountpoints() {
	local target
	[ -f /record/fstab ] || return 0
	while read -r target; do
		case "$1/" in "$target"/*) echo "$target" ;; esac
	done </record/fstab
}

# 1: value  2: type
standin_valid() {
	local least most
	case "$2" in
	bool) case "$1" in 0 | 1 | on | off | yes | no | true | false | enabled | disabled) return 0 ;; esac ;;
	range\(*\))
		case "$1" in '' | *[!0-9]*) return 1 ;; esac
		least="${2#range(}"
		most="${least#*,}"
		least="${least%,*}"
		[ "$1" -ge "$least" ] && [ "$1" -le "${most%)}" ] && return 0
		;;
	*) record unknown-type "$2" ;;
	esac
	return 1
}

# Sets a variable for each option and tells on standard error how it was judged, as validate_data does.
uci_validate_section() {
	local package="$1" section="$3" option name type default value result=0
	shift 3
	for option in "$@"; do
		name="${option%%:*}"
		type="${option#*:}"
		default=
		case "$type" in *:*) default="${type#*:}" type="${type%%:*}" ;; esac
		value="$(uci -q get "$package.$section.$name")"
		if [ -z "$value" ]; then
			echo "$package.$section.$name is unset and defaults to $type $default" >&2
			value="$default"
		elif standin_valid "$value" "$type"; then
			echo "$package.$section.$name=$value validates as $type with true" >&2
		else
			echo "$package.$section.$name=$value validates as $type with false" >&2
			value=
			result=255
		fi
		case "$type:$value" in
		bool:on | bool:yes | bool:true | bool:enabled) value=1 ;;
		bool:off | bool:no | bool:false | bool:disabled) value=0 ;;
		esac
		if [ -n "$value" ]; then eval "$name=\$value"; else unset -v "$name"; fi
	done
	return "$result"
}

uci_load_validate() {
	local package="$1" type="$2" section="$3" call="$4" option result
	shift 4
	record uci_load_validate "$package" "$type" "$section"
	for option in "$@"; do eval "local ${option%%:*}"; done
	uci_validate_section "$package" "$type" "$section" "$@" 2>/dev/null
	result=$?
	# The real one says it all again when something is wrong.
	[ "$result" = 0 ] || (uci_validate_section "$package" "$type" "$section" "$@")
	"$call" "$section" "$result"
}
