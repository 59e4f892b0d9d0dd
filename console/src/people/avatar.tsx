/** Two letters on a colour of the name's own. Decoration: the name stands beside it. */
export function Avatar({ name }: { name: string }) {
  const letters = [...name.trim()].slice(0, 2).join('');
  return (
    <span class="avatar" aria-hidden="true" style={{ '--hue': String(hueOf(name)) }}>
      {letters}
    </span>
  );
}

function hueOf(name: string): number {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) % 360;
  return hash;
}
