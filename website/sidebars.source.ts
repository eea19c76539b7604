import sidebars from "./.woven/sidebars.json";

export default { source: sidebars.source };
