/**
 * Compiles a wildcard value. The text must start with the first piece, end with the last, and contain the
 * others in order between them. Searching for the leftmost occurrence of each piece is sufficient and takes
 * linear time.
 * @param pieces the text between the asterisks; two or more
 */
export function compileWildcard(pieces: readonly string[]): (text: string) => boolean {
  const prefix = pieces[0] ?? "";
  const suffix = pieces.at(-1) ?? "";
  const inner = pieces.slice(1, -1).filter((piece) => piece !== "");
  const shortest = prefix.length + suffix.length;
  return (text) => {
    if (text.length < shortest || !text.startsWith(prefix) || !text.endsWith(suffix)) return false;
    const end = text.length - suffix.length;
    let position = prefix.length;
    for (const piece of inner) {
      const start = text.indexOf(piece, position);
      if (start < 0) return false;
      position = start + piece.length;
      if (position > end) return false;
    }
    return true;
  };
}
