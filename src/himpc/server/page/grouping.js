// Grouping what is enrolled without names: who may be one person?
import { call, job } from "./api.js";
import { nameBox } from "./dialogs.js";
import { button, count, el, field, people, problem, recordings, say } from "./dom.js";
import { fate, hold, onChange } from "./pending.js";
import { allRecordings, known, onRefresh, refresh } from "./state.js";

/** The form that groups, and the groups that it suggests. */
export function groupForm() {
  const trouble = problem();
  const bar = el("progress", { "aria-label": "Grouping", hidden: true });
  const found = el("div", { class: "groups" });
  const much = el("input", { type: "number", min: 1, placeholder: "to be found out" });
  const start = el("button", { type: "submit", text: "Group recordings" });
  let groups = null, people_of = new Map();
  const draw = () => { if (groups) found.replaceChildren(...suggestions(groups, people_of)); };
  const submit = async (event) => {
    event.preventDefault();
    trouble.clear();
    [bar.hidden, start.disabled] = [false, true];
    bar.removeAttribute("value");
    try {
      const data = new FormData();
      if (much.value) data.append("people", much.value);
      const { job: id } = await call("POST", "api/group", data);
      const result = await job(id, (done, total) => { if (total) [bar.max, bar.value] = [total, done]; });
      people_of = await whoIsWho();
      groups = result.groups;
      draw();
      say(`${count(groups.length, "group", "groups")} suggested.`);
    } catch (error) {
      trouble.show(error);
    } finally {
      [bar.hidden, start.disabled] = [true, false];
    }
  };
  onChange(draw);
  onRefresh(async () => { if (groups) { people_of = await whoIsWho(); draw(); } });
  return el("div", { class: "card group" },
    el("h2", { text: "Group" }),
    el("p", { class: "muted", text: "Compares all recordings without looking at names, and suggests which show one person." }),
    el("form", { on: { submit } }, field("How many people there are", much), start), bar, trouble.line, found);
}

async function whoIsWho() {
  return new Map((await allRecordings()).map((recording) => [recording.id, recording]));
}

function suggestions(groups, recordingOf) {
  const rows = groups
    .map(({ recordings: rows }) => ({ members: rows.map(({ id }) => recordingOf.get(id)).filter(Boolean), confidence: mean(rows.map((row) => row.confidence)) }))
    .filter(({ members }) => members.length);
  const main = largest(rows);
  const open = rows.filter((row) => !settled(row, main));
  const agreed = rows.length - open.length;
  return [
    el("h3", { text: open.length ? count(open.length, "suggestion", "suggestions") : "Nothing to change" }),
    el("p", { class: "muted", text: `${count(agreed, "group shows", "groups show")} one person already.` }),
    el("ul", { class: "plain" }, open.map(suggestion)),
  ];
}

const mean = (values) => values.includes(null) ? NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
const unnamed = (name) => name.startsWith("unnamed-");

// The names in a group, each with the number of recordings: named people first, then by number.
function shares(members) {
  const found = new Map();
  for (const { person } of members) found.set(person, (found.get(person) ?? 0) + 1);
  return [...found].sort(([a, n], [b, m]) => Number(unnamed(a)) - Number(unnamed(b)) || m - n);
}

// For each person, the group that holds most of the recordings.
function largest(rows) {
  const best = new Map();
  for (const row of rows) {
    for (const [name, n] of shares(row.members)) if (n > (best.get(name)?.n ?? 0)) best.set(name, { row, n });
  }
  return best;
}

// One person with a name, and most of what there is of that person.
function settled(row, main) {
  const [[name], ...others] = shares(row.members);
  return !others.length && !unnamed(name) && main.get(name).row === row;
}

function suggestion({ members, confidence }) {
  const order = shares(members);
  const alone = order.length === 1;
  const [guess] = order[0];
  const apart = alone && !unnamed(guess);
  const box = nameBox("These recordings show", known(), { value: apart || unnamed(guess) ? "" : guess });
  const coming = members.some(({ id }) => fate(`recording:${id}`));
  const text = apart ? `Perhaps not ${guess}: ${recordings(members.length)}` : `${recordings(members.length)} of ${people(order.length)}`;
  const act = () => gather(members, box.querySelector("input").value.trim() || (apart ? null : guess));
  return el("li", { class: "suggestion" },
    el("p", {}, el("strong", { text }), Number.isFinite(confidence) ? `, confidence ${confidence.toFixed(2)}` : ""),
    alone && !apart ? null : el("ul", { class: "plain muted" },
      order.slice(0, 6).map(([name, n]) => el("li", { text: `${name}: ${recordings(n)}` })),
      order.length > 6 ? el("li", { text: `and ${people(order.length - 6)} more` }) : null),
    el("details", {}, el("summary", { text: "Which recordings" }),
      el("ul", {}, members.slice(0, 50).map(({ source, person }) => el("li", { text: `${source} (${person})` })))),
    box, button(apart ? "Move to this person" : "Make one person", act, { disabled: coming }),
    coming ? el("p", { class: "fate", text: "will be moved" }) : null);
}

function gather(members, name) {
  const whom = name ?? "a new unnamed person";
  const ids = members.filter(({ person }) => person !== name).map(({ id }) => id);
  if (!ids.length) return say(`They all show ${name} already.`);
  return hold({
    text: `${recordings(ids.length)} will be moved to ${whom}`,
    fates: Object.fromEntries(ids.map((id) => [`recording:${id}`, `will be moved to ${whom}`])),
    run: (how) => call("POST", "api/recordings/move", { ids, person: name }, how),
    done: () => { refresh(); return `${recordings(ids.length)} now show ${whom}`; },
  });
}
