/** RFC 8615 and WoT Discovery §6.2 "Well-Known URIs": where a directory introduces itself. */
export const WELL_KNOWN_PATH = "/.well-known/wot";
/** Where the Directory Service API is: `/things` and `/events` below it. */
export const DIRECTORY_PATH = "/api/v1/directory";
