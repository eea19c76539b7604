import sidebars from "./.woven/sidebars.json";

export default { book: sidebars.book };
