import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateProps {
  /** When it expires, in milliseconds since the epoch. In a day by default. */
  readonly expires?: number;
  /** IPv4 addresses that it is for, besides `localhost`. */
  readonly addresses?: readonly string[];
}

/** A self-signed certificate for `localhost`, with its private key. Both are in PEM. */
export function createCertificate({
  expires = Date.now() + DAY,
  addresses = [],
}: CertificateProps = {}): Certificate {
  const names = [
    der(0x82, text("localhost")),
    ...addresses.map((address) => der(0x87, Buffer.from(address.split(".").map(Number)))),
  ];
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const body = sequence(
    der(0xa0, integer(2)),
    integer(1),
    ECDSA_WITH_SHA256,
    COMMON_NAME,
    sequence(utcTime(expires - 2 * DAY), utcTime(expires)),
    COMMON_NAME,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(sequence(SUBJECT_ALT_NAME, octets(sequence(...names))))),
  );
  const signature = sign("sha256", body, privateKey);
  const certificate = sequence(body, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature));
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64")}\n-----END CERTIFICATE-----\n`,
    key: pem(privateKey),
  };
}

const DAY = 86_400_000;

/** Distinguished Encoding Rules: tag, length, content. */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const text = (value: string) => Buffer.from(value, "latin1");
const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const octets = (content: Uint8Array) => der(0x04, content);
const integer = (value: number) => der(0x02, Buffer.from([value]));
const oid = (hex: string) => der(0x06, Buffer.from(hex, "hex"));

/** `YYMMDDHHMMSSZ` */
function utcTime(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]|\..*/g, "");
  return der(0x17, text(`${digits.slice(2)}Z`));
}

function pem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}

const ECDSA_WITH_SHA256 = sequence(oid("2a8648ce3d040302"));
const SUBJECT_ALT_NAME = oid("551d11");
const COMMON_NAME = sequence(der(0x31, sequence(oid("550403"), der(0x0c, text("localhost")))));
