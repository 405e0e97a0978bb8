// The recordings of a person: watch, move and remove them.
import { allNames, call, galleryInfo, onRefresh, personPath, refresh } from "./api.js";
import { ask, nameField, show } from "./dialogs.js";
import { button, el } from "./dom.js";
import { Player } from "./player.js";
import { pendingChange, schedule, showError } from "./undo.js";

const MAX_ROWS = 100; // until more are requested
export const NEW_PERSON = "a new unnamed person";

const loaded = new Map(); // recordings by person
onRefresh(() => loaded.clear());

/** Create a table of a person's recordings, which is filled when they are loaded. */
export function recordingTable(person) {
  const node = el("div", { class: "recordings" });
  if (loaded.has(person)) {
    node.append(buildTable(person, loaded.get(person)));
    return node;
  }
  node.append(el("p", { class: "muted", text: "Loading …" }));
  call("GET", personPath(person)).then(
    ({ recordings }) => { loaded.set(person, recordings); node.replaceChildren(buildTable(person, recordings)); },
    (error) => node.replaceChildren(el("p", { class: "problem", role: "alert", text: error.message })));
  return node;
}

function buildTable(person, recordings) {
  const heads = ["Recording", "Session", "Camera", "Length", "Quality", ""];
  const body = el("tbody", {}, recordings.slice(0, MAX_ROWS).map(buildRow));
  const table = el("table", {}, el("caption", { class: "hidden", text: `Recordings of ${person}` }),
    el("thead", {}, el("tr", {}, heads.map((head) => (head ? el("th", { scope: "col", text: head }) : el("td"))))), body);
  const rest = recordings.length - MAX_ROWS;
  if (rest <= 0) return table;
  const more = button(`Show ${rest} more`, () => { body.append(...recordings.slice(MAX_ROWS).map(buildRow)); more.remove(); });
  return el("div", {}, table, more);
}

function buildRow(recording) {
  const change = pendingChange(`recording:${recording.id}`);
  const act = (text, click, cls = "", disabled = false) => button(text, click, { class: `quiet ${cls}`, disabled: Boolean(change) || disabled, "data-key": `${text} ${recording.id}`, "aria-label": `${text} ${recording.source}` });
  const length = recording.fps ? `${(recording.frames / recording.fps).toFixed(1)} s` : `${recording.frames} frames`;
  return el("tr", { class: change ? "pending" : "" },
    el("th", { scope: "row" }, el("span", { class: "source", text: recording.source }), change ? el("p", { class: "change", text: change }) : null),
    cell("Session", recording.session ?? "–"), cell("Camera", recording.camera ?? "–"), cell("Length", length), cell("Quality", `${Math.round(recording.quality * 100)} %`),
    el("td", { class: "acts" },
      act("Watch", () => watch(recording), "", !recording.skeleton), act("Move", () => move(recording)), act("Remove", () => remove(recording), "danger-text")));
}

const cell = (name, text) => el("td", { "data-name": name, text });

/** Show the skeleton of a recording in a dialog. */
export async function watch({ id, person, source }) {
  try {
    const skeleton = await call("GET", `api/recordings/${id}/skeleton`);
    const player = new Player();
    show(`${person} walking`, player.node, () => player.close());
    player.show(galleryInfo().model, { skeleton, title: person, source });
  } catch (error) {
    showError(error.message);
  }
}

async function move({ id, person, source }) {
  const name = nameField("Person in the recording", () => allNames().filter((other) => other !== person), {
    required: false, hint: "An enrolled person or a new name. Leave empty for a new unnamed person.",
  });
  const values = await ask({ title: "Move the recording", text: source, controls: [name.node], submit: "Move" });
  const target = values?.name.trim() || null;
  if (!values || target === person) return;
  schedule({
    text: `${source} will be moved from ${person} to ${target ?? NEW_PERSON}`,
    changes: { [`recording:${id}`]: `will be moved to ${target ?? NEW_PERSON}` },
    run: (options) => call("POST", "api/recordings/move", { ids: [id], person: target }, options),
    done: (moved) => { refresh(); return `${source} was moved to ${moved.person}`; },
  });
}

async function remove({ id, source }) {
  const values = await ask({ title: "Erase the recording?", text: `${source} will be erased for good.`, submit: "Erase" });
  if (!values) return;
  schedule({
    abandon: true,
    text: `${source} will be erased`,
    changes: { [`recording:${id}`]: "will be erased" },
    run: (options) => call("DELETE", `api/recordings/${id}`, null, options),
    done: () => { refresh(); return `${source} was erased`; },
  });
}
