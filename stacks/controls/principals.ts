import { resolveReference } from "../../terraform/references.ts";
import type { Statement } from "./policies.ts";
import { altered, type Origin, UNRESOLVABLE, type Wanted } from "./wanted.ts";

interface Principal {
  readonly type: string;
  readonly identifier: string;
}

const PARTITION = String.raw`(aws[\w-]*|\$\{data\.aws_partition\.\w+\.partition\})`;
const OWN_ACCOUNT = String.raw`\$\{data\.aws_caller_identity\.\w+\.account_id\}`;
const OF_THIS_ACCOUNT = new RegExp(`^arn:${PARTITION}:(iam|sts)::${OWN_ACCOUNT}:[\\w+=,.@/-]+$`);
const OF_SOME_ACCOUNT = new RegExp(
  `^arn:${PARTITION}:(iam|sts)::(\\d{12}|${OWN_ACCOUNT}):[\\w+=,.@/-]+$`,
);
const SERVICE = /^[a-z\d.-]+\.amazonaws\.com$/;
const HELD_BY = { AWS: "aws_iam_role", Federated: "aws_iam_openid_connect_provider" } as const;

/** Whether it is one service, or one principal of an account by its ARN. */
function isNamed({ type, identifier }: Principal, { stacks, stack }: Origin): boolean {
  if (type === "Service") return SERVICE.test(identifier);
  if (type !== "AWS" && type !== "Federated") return false;
  const target = resolveReference(stacks, stack, identifier);
  return target?.type === HELD_BY[type] || OF_SOME_ACCOUNT.test(identifier);
}

/** Whether it is of this account, or a service. */
function isOwn({ type, identifier }: Principal): boolean {
  return type === "Service" || identifier.startsWith("${aws_") || OF_THIS_ACCOUNT.test(identifier);
}

function isWholeAccount({ identifier }: Principal): boolean {
  return identifier.endsWith(":root");
}

function principals(
  says: string,
  accepts: (principal: Principal, origin: Origin) => boolean,
  wrong: Readonly<Record<string, Partial<Statement>>>,
): Wanted {
  return {
    says,
    accepts: (value, origin) => {
      const { principals: groups = [], not_principals } = value as Statement;
      const all = groups.flatMap(({ type, identifiers }) =>
        [identifiers].flat().map((identifier) => ({ type, identifier: String(identifier) })),
      );
      return (
        not_principals === undefined && all.length > 0 && all.every((it) => accepts(it, origin))
      );
    },
    wrong: Object.entries(wrong).map(([title, change]) =>
      altered<Statement>(title, ({ principals: _, ...statement }) => ({ ...statement, ...change })),
    ),
  };
}

const of = (type: string, identifier: string): Partial<Statement> => ({
  principals: [{ type, identifiers: [identifier] }],
});

const EVERYBODY = {
  "for everybody": of("AWS", "*"),
  "for everybody and their services": of("*", "*"),
  "for all roles of an account": of("AWS", "arn:aws:iam::111122223333:role/*"),
  "for somebody unknown": of("AWS", UNRESOLVABLE),
  "for all but one": { not_principals: [{ type: "AWS", identifiers: ["111122223333"] }] },
};

/** A statement for principals by name, of whatever account. */
export const namedPrincipals = principals("for principals by name", isNamed, EVERYBODY);

/** A statement for nobody of another account. */
export const ownPrincipals = principals(
  "for principals of this account by name",
  (principal, origin) => isNamed(principal, origin) && isOwn(principal),
  { ...EVERYBODY, "for another account": of("AWS", "arn:aws:iam::111122223333:root") },
);

/** A statement for no whole account: each role, user or service by itself. */
export const singlePrincipals = principals(
  "for single roles or services by name",
  (principal, origin) => isNamed(principal, origin) && !isWholeAccount(principal),
  { ...EVERYBODY, "for a whole account": of("AWS", "arn:aws:iam::111122223333:root") },
);
