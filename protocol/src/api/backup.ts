import { type Static, Type } from "typebox";

export const BackupRequest = Type.Object(
  {
    // Its length is not said here: what does not fit a schema is shown in the answer.
    passphrase: Type.String({ description: "12 to 1024 characters. Nobody can open the file without it." }),
    history: Type.Optional(
      Type.Boolean({ default: true, description: "With what the gateway remembers of the past." }),
    ),
  },
  { additionalProperties: false },
);
export type BackupRequest = Static<typeof BackupRequest>;
