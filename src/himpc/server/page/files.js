// Where recordings are dropped or chosen.
import { el, field, newId } from "./dom.js";

/** A place to drop files on; `take(files)` gets them. */
export function dropZone(text, take) {
  const input = el("input", { type: "file", multiple: true, id: newId("files") });
  const chosen = el("p", { class: "muted chosen" });
  const zone = el("div", { class: "drop" },
    el("label", { for: input.id, text }), input,
    el("p", { class: "muted", text: "or drop them here. Anything that himpc reads: CSV, C3D, BVH, JSON, npz, and more." }), chosen);
  const use = (files) => {
    if (!files.length) return;
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    const names = files.slice(0, 3).map((file) => file.name).join(", ");
    chosen.textContent = `${names}${files.length > 3 ? ` and ${files.length - 3} more` : ""} (${size(bytes)})`;
    take(files);
  };
  input.addEventListener("change", () => use([...input.files]));
  for (const event of ["dragenter", "dragover"]) {
    zone.addEventListener(event, (drag) => { drag.preventDefault(); zone.classList.add("over"); });
  }
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (drop) => {
    drop.preventDefault();
    zone.classList.remove("over");
    use([...drop.dataTransfer.files]);
  });
  const clear = () => { input.value = ""; chosen.textContent = ""; };
  return { zone, clear };
}

const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** A form for the server with files and the options that were given. */
export function form(files, options) {
  const data = new FormData();
  for (const file of files) data.append("files", file, file.name);
  for (const [name, value] of Object.entries(options)) if (value !== "" && value !== null && value !== false) data.append(name, value);
  return data;
}

/** How files are read where they do not say it themselves: controls, and their values. */
export function reading() {
  const choice = (name, values) => el("select", { name }, el("option", { value: "", text: "as the file says" }), values.map((value) => el("option", { value, text: value })));
  const controls = {
    layout: el("input", { name: "layout", placeholder: "as the file says", autocomplete: "off" }),
    unit: choice("unit", ["m", "cm", "mm", "in"]),
    up: choice("up", ["x", "y", "z", "-x", "-y", "-z"]),
    fps: el("input", { name: "fps", type: "number", min: 1, max: 1000, step: "any", placeholder: "as the file says" }),
  };
  const values = () => Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value]));
  const fields = () => [
    field("Joint layout", controls.layout), field("Unit", controls.unit), field("Axis that points up", controls.up),
    field("Frames per second", controls.fps),
  ];
  const details = () => el("details", { class: "options" }, el("summary", { text: "Options" }), el("div", { class: "grid" }, fields()));
  return { fields, values, details };
}

/** The files that could not be used, each with the reason. */
export function leftOut(list, short = [], already = []) {
  const rows = [
    ...list.map(({ path, why }) => [path, why]),
    ...short.map((source) => [source, "shorter than a window"]),
    ...already.map((source) => [source, "enrolled before, and left as it is"]),
  ];
  if (!rows.length) return null;
  return el("div", { class: "left-out" },
    el("h3", { text: "Left out" }),
    el("ul", {}, rows.map(([path, why]) => el("li", {}, el("code", { text: path }), el("span", { text: why.startsWith(path) ? why.slice(path.length) : `: ${why}` })))));
}
