// Choosing files, the options for reading them, and enrolling them.
import { allNames, call, refresh, waitForJob } from "./api.js";
import { nameField } from "./dialogs.js";
import { announce, countPeople, countRecordings, el, errorLine, field, newId } from "./dom.js";

/** A place to choose files or drop them; `onChoose(files)` is called with them. */
export function dropZone(text, onChoose) {
  const input = el("input", { type: "file", multiple: true, id: newId("files") });
  const summary = el("p", { class: "muted chosen" });
  const node = el("div", { class: "drop" },
    el("label", { for: input.id, text }), input,
    el("p", { class: "muted", text: "or drop them here. Supported formats include CSV, C3D, BVH, JSON and npz." }), summary);
  const use = (files) => {
    if (!files.length) return;
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    const names = files.slice(0, 3).map((file) => file.name).join(", ");
    summary.textContent = `${names}${files.length > 3 ? ` and ${files.length - 3} more` : ""} (${formatSize(bytes)})`;
    onChoose(files);
  };
  input.addEventListener("change", () => {
    use([...input.files]);
    input.value = ""; // so that choosing the same file again is a change
  });
  for (const event of ["dragenter", "dragover"]) {
    node.addEventListener(event, (drag) => { drag.preventDefault(); node.classList.add("over"); });
  }
  node.addEventListener("dragleave", () => node.classList.remove("over"));
  node.addEventListener("drop", (drop) => {
    drop.preventDefault();
    node.classList.remove("over");
    use([...drop.dataTransfer.files]);
  });
  return { node, clear() { summary.textContent = ""; } };
}

const formatSize = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

/** Build a form from files and the options that are set. */
export function uploadForm(files, options) {
  const form = new FormData();
  for (const file of files) form.append("files", file, file.name);
  for (const [name, value] of Object.entries(options)) if (value) form.append(name, value);
  return form;
}

/** Fields for what files do not state, and their values. */
export function readOptions() {
  const unset = "as stated in the file";
  const choice = (values) => el("select", {}, el("option", { value: "", text: unset }), values.map((value) => el("option", { value, text: value })));
  const controls = {
    layout: el("input", { placeholder: unset, autocomplete: "off" }),
    unit: choice(["m", "cm", "mm", "in"]),
    up: choice(["x", "y", "z", "-x", "-y", "-z"]),
    scale: el("input", { type: "number", min: 0, step: "any", placeholder: unset }),
    fps: el("input", { type: "number", min: 1, max: 1000, step: "any", placeholder: unset }),
    image_size: el("input", { placeholder: "such as 1920x1080", autocomplete: "off" }),
  };
  return {
    fields: [
      field("Joint layout", controls.layout), field("Unit", controls.unit), field("Vertical axis", controls.up),
      field("Metres in one unit", controls.scale), field("Frames per second", controls.fps),
      field("Picture size", controls.image_size),
    ],
    values: () => Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.value])),
  };
}

/** List files and recordings that were skipped, each with the reason; null if there are none. */
export function skippedList(skipped, short = [], already = []) {
  const rows = [
    ...skipped.map(({ path, why }) => [path, why]),
    ...short.map((source) => [source, "shorter than a window"]),
    ...already.map((source) => [source, "enrolled before; not changed"]),
  ];
  if (!rows.length) return null;
  return el("div", { class: "left-out" },
    el("h3", { text: "Skipped" }),
    el("ul", {}, rows.map(([path, why]) => el("li", {}, el("code", { text: path }), el("span", { text: why.startsWith(path) ? why.slice(path.length) : `: ${why}` })))));
}

/** Enroll files with {person} or {unnamed}; return the result and a sentence that describes it. */
export async function enroll(files, options, onProgress) {
  let result = await call("POST", "api/enroll", uploadForm(files, options));
  if (result.job) result = await waitForJob(result.job, onProgress);
  const others = result.people.length - 5;
  const names = result.people.slice(0, 5).join(", ") + (others > 0 ? ` and ${countPeople(others)} more` : "");
  return { result, text: `Enrolled ${countRecordings(result.recordings)}${names ? `: ${names}` : ""}.` };
}

/** The form that enrolls files. */
export function enrollForm() {
  let files = [];
  const read = readOptions();
  const error = errorLine();
  const progress = el("progress", { "aria-label": "Enrolling", hidden: true });
  const outcome = el("div");
  const submitButton = el("button", { type: "submit", class: "primary", text: "Enroll", disabled: true });
  const zone = dropZone("Choose recordings to enroll", (chosen) => { files = chosen; submitButton.disabled = false; });
  const name = nameField("Person", allNames, {
    required: false,
    hint: "Leave empty to use the names in the files. Recordings without a name are grouped into new unnamed people.",
  });
  const submit = async (event) => {
    event.preventDefault();
    const person = name.input.value.trim();
    error.clear();
    outcome.replaceChildren();
    [progress.hidden, submitButton.disabled] = [false, true];
    try {
      const { result, text } = await enroll(files, { ...read.values(), ...(person ? { person } : { unnamed: "true" }) },
        (done, total) => { if (total) [progress.max, progress.value] = [total, done]; });
      outcome.replaceChildren(el("p", { class: "good", text }), skippedList(result.left_out, result.short, result.already) ?? "");
      announce(text);
      zone.clear();
      files = [];
      refresh();
    } catch (failure) {
      error.show(failure);
    } finally {
      progress.hidden = true;
      submitButton.disabled = !files.length;
    }
  };
  return el("form", { class: "card enroll", on: { submit } },
    el("h2", { text: "Enroll" }), zone.node, name.node,
    el("details", { class: "options" }, el("summary", { text: "Options" }), el("div", { class: "grid" }, read.fields)),
    submitButton, progress, error.line, outcome);
}
