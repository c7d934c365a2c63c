/** Reasons of more than one refusal. */

export const DESTROYABLE =
  "dev is there to be made and destroyed by one command; `CIPHERWATCH_DELETION_PROTECTION=true` protects it like prod.";
