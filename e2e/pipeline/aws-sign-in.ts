/** Claims of a job in the OIDC token that GitHub issues to it. */
export interface Identity {
  readonly repository: string;
  readonly environment?: string;
  readonly event: string;
  readonly ref: string;
  /** Name of the workflow's file. */
  readonly file: string;
}

/** https://docs.github.com/actions/concepts/security/openid-connect#example-subject-claims */
export function subjectOf({ repository, environment, event, ref }: Identity): string {
  const context =
    environment !== undefined
      ? `environment:${environment}`
      : event === "pull_request"
        ? "pull_request"
        : `ref:${ref}`;
  return `repo:${repository}:${context}`;
}

/** The roles of an AWS account. */
export interface Roles {
  /** Returns a role and its trust policy. */
  readonly get: (name: string) => Promise<Role>;
  /** Returns credentials of a role, without evaluating its trust policy. */
  readonly assume: (arn: string, session: string) => Promise<Credentials>;
}

export interface Role {
  readonly arn: string;
  readonly trustPolicy: { readonly Statement: readonly Statement[] | Statement };
}

export interface Statement {
  readonly Effect: string;
  readonly Action: string;
  readonly Principal: { readonly Federated?: string };
  readonly Condition: {
    readonly StringEquals: Readonly<Record<string, string | readonly string[]>>;
  };
}

export type Credentials = Readonly<
  Record<"AccessKeyId" | "SecretAccessKey" | "SessionToken", string>
>;

/**
 * Returns the roles in the emulator. Calls it directly, as an AWS CLI takes half a second of CPU to start.
 * @param url of the emulator, which verifies no signatures
 */
export function emulatedRoles(url: string): Roles {
  const call = async (service: string, Action: string, input: Readonly<Record<string, string>>) => {
    const scope = `emulator/20261120/us-east-1/${service}/aws4_request`;
    const response = await fetch(url, {
      method: "POST",
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=, Signature=`,
      },
      body: new URLSearchParams({ Action, ...input }),
    });
    const xml = await response.text();
    if (!response.ok) throw new Error(`${Action} failed with status ${response.status}:\n${xml}`);
    return (element: string) => {
      const [, text] = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml) ?? [];
      if (text === undefined) throw new Error(`${Action} returned no ${element}:\n${xml}`);
      return text;
    };
  };
  return {
    get: async (name) => {
      const read = await call("iam", "GetRole", { RoleName: name });
      const policy = decodeURIComponent(read("AssumeRolePolicyDocument"));
      return { arn: read("Arn"), trustPolicy: JSON.parse(policy) as Role["trustPolicy"] };
    },
    assume: async (arn, session) => {
      const input = { RoleArn: arn, RoleSessionName: session };
      const read = await call("sts", "AssumeRole", input);
      return {
        AccessKeyId: read("AccessKeyId"),
        SecretAccessKey: read("SecretAccessKey"),
        SessionToken: read("SessionToken"),
      };
    },
  };
}

const ISSUER = "token.actions.githubusercontent.com";

/**
 * Assumes a role for a job as AWS STS does for a web identity. The emulator ignores trust policies, so
 * this evaluates the trust policy of the role that the bootstrap stack created.
 * @returns the credentials as environment variables
 * @throws Error if the role does not trust the job
 */
export async function signIn(
  roles: Roles,
  role: string,
  session: string,
  identity: Identity,
): Promise<Readonly<Record<string, string>>> {
  const { arn, trustPolicy } = await roles.get(role.slice(role.lastIndexOf("/") + 1));
  const subject = subjectOf(identity);
  const workflow = `${identity.repository}/.github/workflows/${identity.file}@${identity.ref}`;
  const trusted = [trustPolicy.Statement]
    .flat()
    .some(({ Effect, Action, Principal, Condition }) => {
      const values = (claim: string) => [Condition.StringEquals[`${ISSUER}:${claim}`] ?? []].flat();
      return (
        Effect === "Allow" &&
        Action === "sts:AssumeRoleWithWebIdentity" &&
        Principal.Federated?.endsWith(`oidc-provider/${ISSUER}`) &&
        values("aud").includes("sts.amazonaws.com") &&
        values("sub").includes(subject) &&
        values("job_workflow_ref").includes(workflow)
      );
    });
  if (arn !== role || !trusted) {
    throw new Error(
      `Not authorized to perform sts:AssumeRoleWithWebIdentity: ${role} does not trust ${subject} of ${workflow}`,
    );
  }
  const { AccessKeyId, SecretAccessKey, SessionToken } = await roles.assume(role, session);
  return {
    AWS_ACCESS_KEY_ID: AccessKeyId,
    AWS_SECRET_ACCESS_KEY: SecretAccessKey,
    AWS_SESSION_TOKEN: SessionToken,
  };
}
