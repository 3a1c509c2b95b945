# A stand-in for the part of libubox' jshn.sh that reads: the document is taken apart by Node into lines of path, type and
# value, with lists counted from one, as in the real one.

json_load() {
	JSON_AT=""
	JSON_LINES="$(printf '%s' "$1" | node -e '
		const walk = (value, path) => {
			const type = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
			const table = type === "object" || type === "array";
			const own = table ? Object.keys(value).map((key) => (type === "array" ? Number(key) + 1 : key)).join(" ")
				: type === "boolean" ? Number(value) : value;
			console.log(`${path}\t${type}\t${own}`);
			if (table) Object.entries(value).forEach(([key, item], index) =>
				walk(item, `${path}/${type === "array" ? index + 1 : key}`));
		};
		walk(JSON.parse(require("node:fs").readFileSync(0, "utf8")), "");' 2>/dev/null)"
}

# 1: path  2: column
standin_at() {
	printf '%s\n' "$JSON_LINES" | awk -F '\t' -v path="$1" -v column="$2" \
		'$1 == path { print $column; found = 1; exit } END { exit !found }'
}

json_is_a() { [ "$(standin_at "$JSON_AT/$1" 2)" = "$2" ]; }

json_select() {
	case "$1" in
	..) JSON_AT="${JSON_AT%/*}" ;;
	*)
		json_is_a "$1" object || json_is_a "$1" array || {
			echo "WARNING: Variable '$1' does not exist or is not an array/object" >&2
			return 1
		}
		JSON_AT="$JSON_AT/$1"
		;;
	esac
}

# The real one exports, too.
json_get_var() {
	local standin_value standin_found=0
	standin_value="$(standin_at "$JSON_AT/$2" 3)" || standin_found=1
	[ -n "$standin_value" ] || standin_value="${3:-}"
	eval "export -- \"$1=\$standin_value\""
	return "$standin_found"
}

json_get_vars() {
	while [ $# -gt 0 ]; do
		json_get_var "${1%%:*}" "${1%%:*}"
		shift
	done
}

json_get_keys() { eval "export -- \"$1=\$(standin_at \"\$JSON_AT\" 3)\""; }
