// The API, layer by layer from the bottom up, behind a list of all.
import { filesOf, layers } from "./layers";

export default { api: ["index", ...layers.map((layer) => ({
  type: "category", label: layer, items: filesOf(layer).map((id) =>
    ({ type: "doc", id, label: id.slice(layer.length + 1) })) }))] };
