/**
 * Matches text with `*` in it: the text starts with the first piece, ends with the last, and holds
 * the others in order between them. Taking the leftmost place of each piece is enough, so that the
 * time is linear in the text.
 * @param pieces what stands between the asterisks, two or more
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
      const found = text.indexOf(piece, position);
      if (found < 0) return false;
      position = found + piece.length;
      if (position > end) return false;
    }
    return true;
  };
}
