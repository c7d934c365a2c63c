import type { Emulator } from "./emulator.ts";

/** Shapes of secrets that have no place in a state, a plan or an output. */
const SHAPES: readonly (readonly [what: string, shape: RegExp])[] = [
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  // But for the one in AWS's documentation, which the emulator gives as its caller's id.
  ["an AWS access key's id", /\b(AKIA|ASIA)(?!IOSFODNN7EXAMPLE)[A-Z0-9]{16}\b/],
  ["a GitHub token", /\b(gh[oprsu]_[A-Za-z0-9]{36}|github_pat_\w{22,})/],
  ["a password in a URL", /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"]+:[^\s/@"]+@/],
];

/** Attributes of AWS's resources whose value is a secret, unless it is empty. */
const SECRET_ATTRIBUTE =
  /^(.*_)?(password|secret_(string|binary|key)|private_key(_pem)?|auth_token|client_secret)$/;

/** What must never be seen, by a name for it: the credentials in use, and what RDS made as passwords. */
export async function secretsOf(emulator: Emulator): Promise<Readonly<Record<string, string>>> {
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
 * Secrets in a text, by shape and by value, and where the text is JSON by attribute, each as a line
 * that says where and what, without the secret.
 * @param values name → value that must not be there
 */
export function secretsIn(
  name: string,
  text: string,
  values: Readonly<Record<string, string>>,
): string[] {
  return [
    ...SHAPES.filter(([, shape]) => shape.test(text)).map(([what]) => `${name}: ${what}`),
    ...Object.entries(values)
      .filter(([, value]) => text.includes(value))
      .map(([what]) => `${name}: ${what}`),
    ...attributesIn(parsed(text), []).map((path) => `${name}: a value of ${path}`),
  ];
}

function attributesIn(value: unknown, path: readonly string[]): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, key];
    return SECRET_ATTRIBUTE.test(key) && typeof inner === "string" && inner !== ""
      ? [here.join(".")]
      : attributesIn(inner, here);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
