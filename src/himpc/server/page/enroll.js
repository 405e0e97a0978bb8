// Adding recordings to the gallery.
import { call, job } from "./api.js";
import { nameBox } from "./dialogs.js";
import { el, people, problem, recordings, say } from "./dom.js";
import { dropZone, form, leftOut, reading } from "./files.js";
import { known, refresh } from "./state.js";

/** Enroll files with {person} or {unnamed}; return what was enrolled, and words for it. */
export async function enroll(files, options, progress) {
  let done = await call("POST", "api/enroll", form(files, options));
  if (done.job) done = await job(done.job, progress);
  const whom = done.people.length ? `: ${done.people.slice(0, 5).join(", ")}${done.people.length > 5 ? ` and ${people(done.people.length - 5)} more` : ""}` : "";
  return { done, words: `Enrolled ${recordings(done.recordings)}${whom}.` };
}

/** The form that enrolls files. */
export function enrollForm() {
  let files = [];
  const read = reading();
  const trouble = problem();
  const bar = el("progress", { "aria-label": "Enrolling", hidden: true });
  const outcome = el("div");
  const send = el("button", { type: "submit", class: "primary", text: "Enroll", disabled: true });
  const { zone, clear } = dropZone("Choose recordings to enroll", (chosen) => { files = chosen; send.disabled = false; });
  const box = nameBox("Person", [], { required: false, hint: "Left empty, recordings keep the name that a file gives; those without one are grouped, and each group becomes an unnamed person." });
  const offered = box.querySelector("datalist");
  box.addEventListener("focusin", () => offered.replaceChildren(...known().slice(0, 500).map((name) => el("option", { value: name }))));
  const submit = async (event) => {
    event.preventDefault();
    const name = box.querySelector("input").value.trim();
    trouble.clear();
    outcome.replaceChildren();
    [bar.hidden, send.disabled] = [false, true];
    try {
      const { done, words } = await enroll(files, { ...read.values(), ...(name ? { person: name } : { unnamed: "true" }) }, (k, n) => { if (n) [bar.max, bar.value] = [n, k]; });
      outcome.replaceChildren(el("p", { class: "good", text: words }), leftOut(done.left_out ?? [], done.short, done.already) ?? "");
      say(words);
      clear();
      files = [];
      refresh();
    } catch (error) {
      trouble.show(error);
    } finally {
      bar.hidden = true;
      send.disabled = !files.length;
    }
  };
  return el("form", { class: "card enroll", on: { submit } }, el("h2", { text: "Enroll" }), zone, box, read.details(), send, bar, trouble.line, outcome);
}
