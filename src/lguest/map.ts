// Woven from chapters/440-dev.md.
// What lguest has in the Host: places, selectors, vectors.
import { place } from "../host";

/** The Switcher: its text, and the CPUs' pairs of pages behind it. */
export const SWITCHER = place.WINDOW;

/** The Switcher's text, as the Host's image brings it. */
export const SWITCHER_IMAGE = place.MODULE;

/** struct lguest of each Guest, and how far apart they are. */
export const GUESTS = place.MODULE + 0x1000, GUEST_STRIDE = 512;

/** How many there can be. */
export const GUESTS_MAX = 32;

/** Selectors that both worlds have. */
export const LGUEST_CS = 0x50, LGUEST_DS = 0x58;

/** The hypercall's, seen only in a Guest. */
export const LGUEST_TRAP = 0x1f;

/** All of them by name, for assembly and for those who look on. */
export const lguestMap = {
  SWITCHER, SWITCHER_IMAGE, GUESTS, GUEST_STRIDE, GUESTS_MAX, LGUEST_CS,
  LGUEST_DS, LGUEST_TRAP,
};
