import { run } from "../../common/run.ts";

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

interface Statement {
  readonly Effect: string;
  readonly Action: string;
  readonly Principal: { readonly Federated?: string };
  readonly Condition: {
    readonly StringEquals: Readonly<Record<string, string | readonly string[]>>;
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
  role: string,
  session: string,
  identity: Identity,
  env: NodeJS.ProcessEnv,
): Promise<Readonly<Record<string, string>>> {
  const aws = async (...args: readonly string[]): Promise<unknown> => {
    const { stdout } = await run(["aws", ...args, "--output", "json"], { cwd: ".", env });
    return JSON.parse(stdout);
  };
  const name = role.slice(role.lastIndexOf("/") + 1);
  const { Role } = (await aws("iam", "get-role", "--role-name", name)) as {
    readonly Role: {
      readonly Arn: string;
      readonly AssumeRolePolicyDocument: { readonly Statement: readonly Statement[] | Statement };
    };
  };
  const statements = [Role.AssumeRolePolicyDocument.Statement].flat() as readonly Statement[];
  const subject = subjectOf(identity);
  const workflow = `${identity.repository}/.github/workflows/${identity.file}@${identity.ref}`;
  const trusted = statements.some(({ Effect, Action, Principal, Condition }) => {
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
  if (Role.Arn !== role || !trusted) {
    throw new Error(
      `Not authorized to perform sts:AssumeRoleWithWebIdentity: ${role} does not trust ${subject} of ${workflow}`,
    );
  }
  const { Credentials } = (await aws(
    ...["sts", "assume-role", "--role-arn", role, "--role-session-name", session],
  )) as {
    readonly Credentials: Readonly<
      Record<"AccessKeyId" | "SecretAccessKey" | "SessionToken", string>
    >;
  };
  return {
    AWS_ACCESS_KEY_ID: Credentials.AccessKeyId,
    AWS_SECRET_ACCESS_KEY: Credentials.SecretAccessKey,
    AWS_SESSION_TOKEN: Credentials.SessionToken,
  };
}
