import { readArguments } from "../common/parse-options.ts";
import { clientIdOf } from "../service/client-id.ts";

const USAGE = `npm run client-id -- ISSUER SUBJECT...

Prints the client id of each subject, as the service's log, metrics and CloudTrail show it.

  ISSUER   the claim iss of the tokens, exactly as CIPHERWATCH_OIDC_ISSUER
  SUBJECT  the claim that identifies the client: sub, or CIPHERWATCH_OIDC_CLIENT_CLAIM
  --help   show this help

Exit codes: 0 success; 2 invalid arguments.`;

const [issuer, ...subjects] = readArguments(USAGE, { positionals: true });
if (issuer === undefined || subjects.length === 0) {
  console.error(`Name an issuer and at least one subject.\n\n${USAGE}`);
  process.exitCode = 2;
} else if (!/^https?:\/\/[^/]/.test(issuer)) {
  console.error(`ISSUER must be a URL, such as https://login.example.com; received "${issuer}".`);
  process.exitCode = 2;
} else {
  for (const subject of subjects) console.log(`${clientIdOf(issuer, subject)}  ${subject}`);
}
