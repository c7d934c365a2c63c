/**
 * Decodes the text of a file in UTF-8 or UTF-16, without its byte order mark. Windows PowerShell's `>` and
 * `Out-File` write UTF-16: `terraform show -json tfplan > plan.json`.
 */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(utf16Encoding(bytes) ?? "utf-8").decode(bytes);
}

/** The encoding of a file that begins with the byte order mark of UTF-16; undefined for any other file. */
export function utf16Encoding([first, second]: Uint8Array): "utf-16le" | "utf-16be" | undefined {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : undefined;
}
