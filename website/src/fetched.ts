// Files of the site that are fetched when they are needed.
const all = new Map<string, Promise<unknown>>();

/** What a file of the site holds. It is fetched once; what has failed is
 * tried again when it is asked for again. */
export function fetched<T>(path: string): Promise<T> {
  if (!all.has(path)) {
    const answer = fetch(path).then((response) => {
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      return response.json();
    });
    answer.catch(() => all.delete(path));
    all.set(path, answer);
  }
  return all.get(path) as Promise<T>;
}
