/** Titles of the status codes that the API answers with (RFC 9110 §15). */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Sign-in needed",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  406: "Nothing of this kind",
  409: "Conflict",
  410: "Gone",
  413: "Too large",
  415: "Unsupported media type",
  421: "Misdirected request",
  422: "Not acceptable",
  429: "Too many requests",
  500: "Internal error",
  502: "The device did not do it",
  503: "Not available now",
  504: "No answer in time",
};

export function problemTitle(status: number): string {
  return TITLES[status] ?? "Error";
}
