import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** What an attestation says of an image, and who signed it. */
export interface Attestation {
  /** `sha256:…` */
  readonly digest: string;
  /** The repository whose workflow signed it. */
  readonly repository: string;
  /** `.github/workflows/…` */
  readonly workflow: string;
  readonly ref: string;
}

/** The attestations that GitHub holds, in a file that the fake gh reads. */
export interface Attestations {
  readonly file: string;
  readonly add: (attestation: Attestation) => void;
  /** Removes the attestations of an image. @returns them */
  readonly remove: (digest: string) => readonly Attestation[];
}

/** @param file keeps what it contains, such as a copy of another file of attestations */
export function makeAttestations(file: string): Attestations {
  const write = (all: readonly Attestation[]) => writeFileSync(file, JSON.stringify(all));
  if (!existsSync(file)) write([]);
  return {
    file,
    add: (attestation) => write([...readAttestations(file), attestation]),
    remove: (digest) => {
      const all = readAttestations(file);
      write(all.filter((each) => each.digest !== digest));
      return all.filter((each) => each.digest === digest);
    },
  };
}

export function readAttestations(file: string): readonly Attestation[] {
  return JSON.parse(readFileSync(file, "utf8"));
}
