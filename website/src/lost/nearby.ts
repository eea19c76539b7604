// What somebody may have meant who asked for a page that there isn't.

/** A page that there is. */
export interface Place {
  readonly to: string;
  readonly label: string;
}

/** An entry of a side bar. */
export interface Entry {
  readonly id?: string;
  readonly label: string;
  readonly items?: readonly Entry[];
}

/** All pages of a side bar, whose addresses begin with `base`. */
export function placesOf(entries: readonly Entry[], base: string): Place[] {
  return entries.flatMap(({ id, label, items }) => items
    ? placesOf(items, base) : [{ to: `${base}/${id}`, label }]);
}

const everywhere = /^(?:book|source|src|api|chapters|md|ts|html|index)$/;

const wordsOf = (text: string) => (text.toLowerCase().match(/[a-z]+|\d+/g)
  ?? []).filter((word) => !everywhere.test(word));

/** How many letters two words begin with; fewer than three are chance. */
function common(one: string, other: string): number {
  const number = /\d/.test(one);
  if (one === other) return number || one.length > 2 ? one.length + 1 : 0;
  let count = 0;
  while (count < one.length && one[count] === other[count]) count++;
  return count < 3 || number ? 0 : count;
}

/** The places most like the address, best first: at most `most`, and
 * none that shares no word with it. */
export function nearby(
  address: string, places: readonly Place[], most = 5,
): Place[] {
  const asked = wordsOf(address);
  const score = ({ to, label }: Place) => {
    const words = wordsOf(`${to} ${label}`);
    return asked.reduce((sum, one) =>
      sum + Math.max(0, ...words.map((word) => common(one, word))), 0);
  };
  return places.map((place) => ({ place, points: score(place) }))
    .filter(({ points }) => points > 0)
    .sort((a, b) => b.points - a.points
      || a.place.to.length - b.place.to.length)
    .slice(0, most).map(({ place }) => place);
}
