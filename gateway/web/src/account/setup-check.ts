import type { SetupRequest } from "@tram/protocol";
import type { ApiProblem } from "../api/client.ts";

/** The same bounds as in the API's schema, which stays the judge. */
export const MIN_PASSWORD = 10;
const USERNAME = /^[A-Za-z0-9._-]{1,64}$/;

export type SetupField = keyof SetupRequest;

/** The fields that cannot be right, in the order of the form. */
export function checkSetup(request: SetupRequest): SetupField[] {
  const wrong: SetupField[] = [];
  if (request.code.trim() === "") wrong.push("code");
  if (!USERNAME.test(request.username)) wrong.push("username");
  if (request.password.length < MIN_PASSWORD) wrong.push("password");
  return wrong;
}

/** The fields that the gateway names as wrong: the last step of each path (`/password`, `body.password`). */
export function fieldsOf(problem: ApiProblem): SetupField[] {
  const named = problem.errors.map(({ path }) => path.split(/[/.]/).at(-1));
  return (["code", "username", "password"] as const).filter((field) => named.includes(field));
}
