// The recordings of a person: to watch, to move, to remove.
import { call, person as path } from "./api.js";
import { ask, nameBox, show } from "./dialogs.js";
import { button, el } from "./dom.js";
import { fate, hold, complain } from "./pending.js";
import { Player } from "./player.js";
import { gallery, known, onRefresh, refresh } from "./state.js";

const AT_ONCE = 100;

const seen = new Map();
onRefresh(() => seen.clear());

/** A table of a person's recordings, filled when the server has answered. */
export function recordingsOf(name) {
  if (seen.has(name)) return el("div", { class: "recordings" }, table(name, seen.get(name), AT_ONCE));
  const place = el("div", { class: "recordings" }, el("p", { class: "muted", text: "Looking …" }));
  call("GET", path(name)).then(
    ({ recordings }) => { seen.set(name, recordings); place.replaceChildren(table(name, recordings, AT_ONCE)); },
    (error) => place.replaceChildren(el("p", { class: "problem", role: "alert", text: error.message })));
  return place;
}

function table(name, recordings, shown) {
  const heads = ["Recording", "Session", "Camera", "Length", "Quality", ""];
  const body = el("tbody", {}, recordings.slice(0, shown).map((recording) => row(recording)));
  const whole = el("table", {}, el("caption", { class: "hidden", text: `Recordings of ${name}` }),
    el("thead", {}, el("tr", {}, heads.map((head) => (head ? el("th", { scope: "col", text: head }) : el("td"))))), body);
  const rest = recordings.length - shown;
  if (rest <= 0) return whole;
  const more = button(`Show ${rest} more`, () => { body.append(...recordings.slice(shown).map(row)); more.remove(); });
  return el("div", {}, whole, more);
}

function row(recording) {
  const coming = fate(`recording:${recording.id}`);
  const act = (text, click, cls, off = false) => button(text, click, { class: `quiet ${cls}`, disabled: Boolean(coming) || off, "data-key": `${text} ${recording.id}`, "aria-label": `${text} ${recording.source}` });
  const length = recording.fps ? `${(recording.frames / recording.fps).toFixed(1)} s` : `${recording.frames} frames`;
  return el("tr", { class: coming ? "coming" : "" },
    el("th", { scope: "row" }, el("span", { class: "source", text: recording.source }), coming ? el("p", { class: "fate", text: coming }) : null),
    cell("Session", recording.session ?? "–"), cell("Camera", recording.camera ?? "–"), cell("Length", length), cell("Quality", `${Math.round(recording.quality * 100)} %`),
    el("td", { class: "acts" },
      act("Watch", () => watch(recording), "", !recording.skeleton), act("Move", () => move(recording), ""), act("Remove", () => remove(recording), "danger-text")));
}

const cell = (name, text) => el("td", { "data-name": name, text });

/** Show the skeleton of a recording walking. */
export async function watch({ id, person, source }) {
  try {
    const skeleton = await call("GET", `api/recordings/${id}/skeleton`);
    const player = new Player();
    show(`${person} walking`, player.node, () => player.close());
    player.show(gallery().model, { skeleton, who: person, source });
  } catch (error) {
    complain(error.message);
  }
}

async function move({ id, person, source }) {
  const given = await ask({
    title: "Move the recording", text: source,
    controls: [nameBox("Person it shows", known().filter((name) => name !== person), { required: false, hint: "Somebody enrolled, or a new name. Left empty, it becomes a new unnamed person." })],
    yes: "Move",
  });
  if (!given) return;
  const to = given.name.trim() || null;
  if (to === person) return;
  const whom = to ?? "a new unnamed person";
  hold({
    text: `${source} will be moved from ${person} to ${whom}`,
    fates: { [`recording:${id}`]: `will be moved to ${whom}` },
    run: (how) => call("POST", "api/recordings/move", { ids: [id], person: to }, how),
    done: (moved) => { refresh(); return `${source} is moved to ${moved?.person ?? whom}`; },
  });
}

function remove({ id, source }) {
  hold({
    text: `${source} will be removed for good`,
    fates: { [`recording:${id}`]: "will be removed for good" },
    run: (how) => call("DELETE", `api/recordings/${id}`, null, how),
    done: () => { refresh(); return `${source} is removed`; },
  });
}
