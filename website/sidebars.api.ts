// The API, layer by layer from the bottom up, behind a list of all.
import { layers } from "./layers";

export default { api: ["index", ...layers] };
