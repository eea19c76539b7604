// The side bar shows where we are. There are more chapters than it can
// show at once, and it would always begin with the first.

/** Scrolls the side bar, if the page's own entry can't be seen in it. */
export function onRouteDidUpdate(): void {
  requestAnimationFrame(() => {
    const here = document.querySelector(".menu__link[aria-current='page']");
    const menu = here?.closest("nav");
    if (!here || !menu) return;
    const { top, bottom } = here.getBoundingClientRect();
    const frame = menu.getBoundingClientRect();
    if (top < frame.top || bottom > frame.bottom)
      menu.scrollTop += top - frame.top - frame.height / 3;
  });
}
