// The side bar shows where we are. There are more chapters than it can
// show at once, and it would always begin with the first.

import { showAsked } from "./lines";

/** A link that comes into sight fetches nothing: the side bar leads to all
 * of the book. One that is pointed at still fetches its page. */
function fetchNothingAhead(): void {
  window.docusaurus = { ...window.docusaurus, prefetch: () => false };
}

/** Scrolls the side bar, if the page's own entry can't be seen in it; and
 * the page to a line of its chapter, if it is asked for one. */
export function onRouteDidUpdate(
  { location }: { location: { search: string } },
): void {
  fetchNothingAhead();
  requestAnimationFrame(() => {
    showAsked(location.search);
    const here = document.querySelector(".menu__link[aria-current='page']");
    const menu = here?.closest("nav");
    if (!here || !menu) return;
    const { top, bottom } = here.getBoundingClientRect();
    const frame = menu.getBoundingClientRect();
    if (top < frame.top || bottom > frame.bottom)
      menu.scrollTop += top - frame.top - frame.height / 3;
  });
}
