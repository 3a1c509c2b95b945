import { type Static, Type } from "typebox";

const Username = Type.String({ pattern: "^[A-Za-z0-9._-]{1,64}$" });
const Password = Type.String({ minLength: 10, maxLength: 256 });

/** What a token or a session may do: `read` looks, `control` also writes properties, `admin` may do everything. */
export const Scope = Type.Enum(["read", "control", "admin"]);
export type Scope = Static<typeof Scope>;

export const SetupRequest = Type.Object(
  {
    code: Type.String({ maxLength: 64, description: "The one-time code that the gateway printed." }),
    username: Username,
    password: Password,
  },
  { additionalProperties: false },
);
export type SetupRequest = Static<typeof SetupRequest>;

export const SignInRequest = Type.Object(
  { username: Type.String({ maxLength: 64 }), password: Type.String({ maxLength: 256 }) },
  { additionalProperties: false },
);
export type SignInRequest = Static<typeof SignInRequest>;

/** What an unauthenticated browser may know, and who is signed in. */
export const SessionView = Type.Object({
  setupNeeded: Type.Boolean({ description: "True until the first administrator exists." }),
  username: Type.Optional(Type.String()),
  scopes: Type.Array(Scope),
});
export type SessionView = Static<typeof SessionView>;

export const TokenRequest = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 64 }), scopes: Type.Array(Scope, { minItems: 1 }) },
  { additionalProperties: false },
);
export type TokenRequest = Static<typeof TokenRequest>;

export const TokenView = Type.Object({
  id: Type.String(),
  name: Type.String(),
  scopes: Type.Array(Scope),
  createdAt: Type.String({ format: "date-time" }),
});
export type TokenView = Static<typeof TokenView>;

/** The only answer that ever carries the secret. */
export const NewToken = Type.Object({
  ...TokenView.properties,
  token: Type.String({ description: "Send it as `Authorization: Bearer …`. It is not shown again." }),
});
export type NewToken = Static<typeof NewToken>;

/** Asked over the local socket alone: somebody who is signed in elsewhere on this machine (LuCI) may enter. */
export const TicketRequest = Type.Object(
  {
    username: Type.String({
      pattern: "^[A-Za-z0-9._-]{1,64}$",
      description: "Their name there, for the audit.",
    }),
    scopes: Type.Array(Scope, { minItems: 1 }),
  },
  { additionalProperties: false },
);
export type TicketRequest = Static<typeof TicketRequest>;

export const TicketView = Type.Object({
  ticket: Type.String({ description: "Good for one sign-in." }),
  expiresInS: Type.Integer({ description: "How long, in seconds." }),
  port: Type.Integer({ description: "TCP port on which the gateway takes it." }),
});
export type TicketView = Static<typeof TicketView>;

export const TicketSignIn = Type.Object(
  { ticket: Type.String({ maxLength: 64 }) },
  { additionalProperties: false },
);
export type TicketSignIn = Static<typeof TicketSignIn>;

/** A token for the page that brought the ticket; it is not kept over a restart. */
export const TicketToken = Type.Object({
  token: Type.String({ description: "Send it as `Authorization: Bearer …`." }),
  username: Type.String(),
  scopes: Type.Array(Scope),
  expiresInS: Type.Integer(),
});
export type TicketToken = Static<typeof TicketToken>;

/** The one-time code that makes the first administrator; asked over the local socket alone. */
export const SetupCodeView = Type.Object({
  setupNeeded: Type.Boolean(),
  code: Type.Optional(Type.String({ description: "Absent when there is an administrator." })),
  expiresInS: Type.Optional(Type.Integer()),
});
export type SetupCodeView = Static<typeof SetupCodeView>;
