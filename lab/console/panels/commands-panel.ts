import { html } from "hono/html";
import { OWN_CLIENT, tokenCommand } from "../../identity/token.ts";
import type { ConsoleSources } from "../sources.ts";
import { commandLine, type Html } from "./format.ts";

/** The values of the last successful encryption, or the initial values of the form. */
export interface FormValues {
  readonly name: string;
  readonly key: string | undefined;
}

/** Renders the commands that send the requests of the buttons from a terminal. */
export function commandsPanel(
  { urls, deployment, scope }: ConsoleSources,
  values: FormValues,
): Html {
  const curl = (path: string, body: object) => curlCommand(urls, path, body);
  const encrypt = curl("/encrypt", { Name: values.name, Text: "I love Pizza" });
  const decrypt = (Key: string) => curl("/decrypt", { Name: values.name, Key });
  const credentials =
    `AWS_ENDPOINT_URL=${urls.aws} AWS_ACCESS_KEY_ID=mallory AWS_SECRET_ACCESS_KEY=any ` +
    `AWS_DEFAULT_REGION=${deployment.region}`;
  const key = deployment.keys.find(({ arn }) => arn === scope.keyArn);
  const keyId = key?.aliases[0] ?? scope.keyArn;
  return html`
    ${commandLine("Encrypt", encrypt)}
    ${
      values.key === undefined
        ? html`<p class="hint">Encrypt a Text to see the command that decrypts it with its Key.</p>`
        : commandLine("Decrypt", decrypt(values.key))
    }
    ${commandLine("Wrong Key", decrypt("some-random-false-key"))}
    ${commandLine("AWS CLI", `export ${credentials}`)}
    ${commandLine("Bypass the service", `aws kms encrypt --key-id ${keyId} --plaintext fileb://cdktf.json`)}
    ${commandLine("Alarms", "aws cloudwatch describe-alarms --state-value ALARM")}`;
}

function curlCommand(
  { service, issuer }: ConsoleSources["urls"],
  path: string,
  body: object,
): string {
  const json = JSON.stringify(body).replaceAll("'", String.raw`'\''`);
  const token = issuer && `--header "Authorization: Bearer ${tokenCommand(issuer, OWN_CLIENT)}" `;
  return `curl --header "Content-Type: application/json" ${token ?? ""}--request POST --data '${json}' ${service}${path}`;
}
