import type { Emulator } from "./emulator.ts";

/** Patterns of secrets that must not occur in a state, a plan or an output. */
const PATTERNS: readonly (readonly [description: string, pattern: RegExp])[] = [
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  // Except for the example key in the AWS documentation, which the emulator returns as the caller id.
  ["an AWS access key id", /\b(AKIA|ASIA)(?!IOSFODNN7EXAMPLE)[A-Z0-9]{16}\b/],
  ["a GitHub token", /\b(gh[oprsu]_[A-Za-z0-9]{36}|github_pat_\w{22,})/],
  ["a password in a URL", /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"]+:[^\s/@"]+@/],
];

/** Resource attributes whose values are secrets. */
const SECRET_ATTRIBUTE =
  /^(.*_)?(password|secret_(string|binary|key)|private_key(_pem)?|auth_token|client_secret)$/;

/** Returns the secrets in use by a descriptive name: the AWS credentials and the passwords of RDS. */
export async function collectSecrets(
  emulator: Emulator,
): Promise<Readonly<Record<string, string>>> {
  const secrets = await emulator.secrets();
  return {
    "the secret access key": emulator.env.AWS_SECRET_ACCESS_KEY ?? "",
    ...Object.fromEntries(
      secrets.flatMap(({ name, value }) => [
        [name, value],
        [`the password of ${name}`, String(JSON.parse(value).password)],
      ]),
    ),
  };
}

/**
 * Finds secrets in a text by pattern, by value and, if the text is JSON, by attribute name.
 * @param values descriptive name → secret that must not occur
 * @returns one line for each finding with its location and kind, without the secret
 */
export function findSecrets(
  name: string,
  text: string,
  values: Readonly<Record<string, string>>,
): string[] {
  return [
    ...PATTERNS.filter(([, pattern]) => pattern.test(text)).map(
      ([description]) => `${name}: ${description}`,
    ),
    ...Object.entries(values)
      .filter(([, value]) => text.includes(value))
      .map(([description]) => `${name}: ${description}`),
    ...secretAttributes(parseJson(text), []).map((path) => `${name}: a value of ${path}`),
  ];
}

function secretAttributes(value: unknown, path: readonly string[]): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const innerPath = [...path, key];
    return SECRET_ATTRIBUTE.test(key) && typeof inner === "string" && inner !== ""
      ? [innerPath.join(".")]
      : secretAttributes(inner, innerPath);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
