import { resolveReference } from "../../terraform/references.ts";
import { type Matcher, UNRESOLVABLE, type ValueLocation } from "./matchers.ts";
import { type Statement, statementMatcher } from "./policies.ts";

interface Principal {
  readonly type: string;
  readonly identifier: string;
}

const PARTITION = String.raw`(aws[\w-]*|\$\{data\.aws_partition\.\w+\.partition\})`;
const OWN_ACCOUNT = String.raw`\$\{data\.aws_caller_identity\.\w+\.account_id\}`;
const ARN_OF_THIS_ACCOUNT = new RegExp(
  `^arn:${PARTITION}:(iam|sts)::${OWN_ACCOUNT}:[\\w+=,.@/-]+$`,
);
const ARN_OF_ANY_ACCOUNT = new RegExp(
  `^arn:${PARTITION}:(iam|sts)::(\\d{12}|${OWN_ACCOUNT}):[\\w+=,.@/-]+$`,
);
const SERVICE = /^[a-z\d.-]+\.amazonaws\.com$/;
const RESOURCE_TYPES = {
  AWS: "aws_iam_role",
  Federated: "aws_iam_openid_connect_provider",
} as const;

/** Whether the principal is a service, or one principal of any account. */
function isNamed({ type, identifier }: Principal, { stacks, stack }: ValueLocation): boolean {
  if (type === "Service") return SERVICE.test(identifier);
  if (type !== "AWS" && type !== "Federated") return false;
  const target = resolveReference(stacks, stack, identifier);
  return target?.type === RESOURCE_TYPES[type] || ARN_OF_ANY_ACCOUNT.test(identifier);
}

/** Whether the principal is a service or belongs to this account. */
function isOwn({ type, identifier }: Principal): boolean {
  return (
    type === "Service" || identifier.startsWith("${aws_") || ARN_OF_THIS_ACCOUNT.test(identifier)
  );
}

function isWholeAccount({ identifier }: Principal): boolean {
  return identifier.endsWith(":root");
}

function principalMatcher(
  description: string,
  accepts: (principal: Principal, location: ValueLocation) => boolean,
  changes: Readonly<Record<string, Partial<Statement>>>,
): Matcher {
  return statementMatcher(
    description,
    ({ principals: groups = [], not_principals }, location) => {
      const all = groups.flatMap(({ type, identifiers }) =>
        [identifiers].flat().map((identifier) => ({ type, identifier: String(identifier) })),
      );
      return (
        not_principals === undefined &&
        all.length > 0 &&
        all.every((principal) => isNamed(principal, location) && accepts(principal, location))
      );
    },
    { ...ANYONE, ...changes },
  );
}

const principal = (type: string, identifier: string): Partial<Statement> => ({
  principals: [{ type, identifiers: [identifier] }],
});

const ANYONE = {
  "for everyone": principal("AWS", "*"),
  "for everyone and all services": principal("*", "*"),
  "for all roles of an account": principal("AWS", "arn:aws:iam::111122223333:role/*"),
  "for an unknown principal": principal("AWS", UNRESOLVABLE),
  "for all principals but one": {
    not_principals: [{ type: "AWS", identifiers: ["111122223333"] }],
  },
};

/** Accepts statements for services and named principals of this account. */
export const principalsOfThisAccount = principalMatcher(
  "for named principals of this account",
  isOwn,
  {
    "for another account": principal("AWS", "arn:aws:iam::111122223333:root"),
  },
);

/** Accepts statements for single roles and services, not for whole accounts. */
export const singlePrincipals = principalMatcher(
  "for single roles or services",
  (candidate) => !isWholeAccount(candidate),
  { "for a whole account": principal("AWS", "arn:aws:iam::111122223333:root") },
);
