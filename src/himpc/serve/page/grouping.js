// Grouping what is enrolled without names: who may be one person?
import { call, job } from "./api.js";
import { nameBox } from "./dialogs.js";
import { count, el, field, people, problem, recordings, say } from "./dom.js";
import { fate, hold, onChange } from "./pending.js";
import { known, onRefresh, refresh } from "./state.js";

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
  const { recordings: all } = await call("GET", "api/recordings");
  return new Map(all.map((recording) => [recording.id, recording]));
}

function suggestions(groups, recordingOf) {
  const rows = groups.map((group) => ({ group, members: group.recordings.map(({ id }) => recordingOf.get(id)).filter(Boolean) })).filter(({ members }) => members.length);
  const agreed = rows.filter(({ members }) => settled(members, recordingOf));
  const open = rows.filter((row) => !agreed.includes(row));
  return [
    el("h3", { text: open.length ? `${count(open.length, "suggestion", "suggestions")}` : "Nothing to change" }),
    el("p", { class: "muted", text: `${count(agreed.length, "group is", "groups are")} one person already.` }),
    el("ul", { class: "plain" }, open.map(({ group, members }) => suggestion(group, members))),
  ];
}

// One person with a name, of whom nothing stands in another group.
function settled(members, recordingOf) {
  const names = new Set(members.map(({ person }) => person));
  if (names.size !== 1 || [...names][0].startsWith("unnamed-")) return false;
  return [...recordingOf.values()].filter(({ person }) => names.has(person)).length === members.length;
}

function suggestion(group, members) {
  const shares = new Map();
  for (const { person } of members) shares.set(person, (shares.get(person) ?? 0) + 1);
  const order = [...shares].sort(([a, n], [b, m]) => Number(a.startsWith("unnamed-")) - Number(b.startsWith("unnamed-")) || m - n);
  const guess = order[0][0];
  const box = nameBox("These recordings show", known(), { value: guess.startsWith("unnamed-") ? "" : guess });
  const coming = members.some(({ id }) => fate(`recording:${id}`));
  const sure = group.confidence === null || group.confidence === undefined ? "" : `, confidence ${group.confidence.toFixed(2)}`;
  const make = el("button", { type: "button", text: "Make one person", disabled: coming, on: { click: () => gather(members, box.querySelector("input").value.trim() || guess) } });
  return el("li", { class: "suggestion" },
    el("p", {}, el("strong", { text: recordings(members.length) }), sure, order.length > 1 ? ` of ${people(order.length)}` : ""),
    el("ul", { class: "plain muted" }, order.slice(0, 6).map(([name, n]) => el("li", { text: `${name}: ${recordings(n)}` })), order.length > 6 ? el("li", { text: `and ${people(order.length - 6)} more` }) : null),
    el("details", {}, el("summary", { text: "Which recordings" }), el("ul", {}, members.slice(0, 50).map(({ source, person }) => el("li", { text: `${source} (${person})` })))),
    box, make, coming ? el("p", { class: "fate", text: "will be one person" }) : null);
}

function gather(members, name) {
  const ids = members.filter(({ person }) => person !== name).map(({ id }) => id);
  if (!ids.length) return say(`They all show ${name} already.`);
  return hold({
    text: `${recordings(ids.length)} will be moved to ${name}`,
    fates: Object.fromEntries(ids.map((id) => [`recording:${id}`, `will be moved to ${name}`])),
    run: (how) => call("POST", "api/recordings/move", { ids, person: name }, how),
    done: () => { refresh(); return `${recordings(ids.length)} now show ${name}`; },
  });
}
