// Grouping of all recordings regardless of names, with suggestions for changes.
import { allNames, call, loadRecordings, onRefresh, refresh, waitForJob } from "./api.js";
import { ask, nameField } from "./dialogs.js";
import { announce, button, count, countPeople, countRecordings, el, errorLine, field } from "./dom.js";
import { NEW_PERSON } from "./recordings.js";
import { onPendingChange, pendingChange, schedule } from "./undo.js";

/** The form that groups recordings, and its suggestions. */
export function groupForm() {
  const error = errorLine();
  const progress = el("progress", { "aria-label": "Grouping", hidden: true });
  const results = el("div", { class: "groups" });
  const people = el("input", { type: "number", min: 1 });
  const start = el("button", { type: "submit", text: "Group recordings" });
  let groups = null, notes = [], recordings = new Map();
  const draw = () => { if (groups) results.replaceChildren(...notes.map((text) => el("p", { text: `${text}.` })), ...buildSuggestions(groups, recordings)); };
  const reload = async () => { recordings = new Map((await loadRecordings()).map((recording) => [recording.id, recording])); };
  const submit = async (event) => {
    event.preventDefault();
    error.clear();
    [progress.hidden, start.disabled] = [false, true];
    progress.removeAttribute("value");
    try {
      const form = new FormData();
      if (people.value) form.append("people", people.value);
      const { job } = await call("POST", "api/group", form);
      const result = await waitForJob(job, (done, total) => { if (total) [progress.max, progress.value] = [total, done]; });
      await reload();
      [groups, notes] = [result.groups, result.notes];
      draw();
      announce(`${count(groups.length, "group", "groups")} found.`);
    } catch (failure) {
      error.show(failure);
    } finally {
      [progress.hidden, start.disabled] = [true, false];
    }
  };
  onPendingChange(draw);
  onRefresh(async () => { if (groups) { await reload(); draw(); } });
  return el("div", { class: "card group" },
    el("h2", { text: "Group" }),
    el("p", { class: "muted", text: "Compare all recordings regardless of names, and suggest which ones show the same person." }),
    el("form", { on: { submit } }, field("Number of people (leave empty to estimate)", people), start), progress, error.line, results);
}

function buildSuggestions(groups, recordings) {
  const rows = groups
    .map((group) => ({
      members: group.recordings.map(({ id }) => recordings.get(id)).filter(Boolean),
      offered: group.offered,
      confidence: mean(group.recordings.map((recording) => recording.confidence)),
    }))
    .filter(({ members }) => members.length);
  const largest = largestGroups(rows);
  const suggestions = rows.filter((row) => !isConsistent(row, largest));
  return [
    el("h3", { text: suggestions.length ? count(suggestions.length, "suggestion", "suggestions") : "No changes suggested" }),
    el("p", { class: "muted", text: `${count(rows.length - suggestions.length, "group agrees", "groups agree")} with the names.` }),
    el("ul", { class: "plain" }, suggestions.map(buildSuggestion)),
  ];
}

const mean = (values) => (values.includes(null) ? NaN : values.reduce((sum, value) => sum + value, 0) / values.length);
const isUnnamed = (name) => name.startsWith("unnamed-");

// The people in a group with their numbers of recordings: named people first, then by number.
function countByPerson(members) {
  const counts = new Map();
  for (const { person } of members) counts.set(person, (counts.get(person) ?? 0) + 1);
  return [...counts].sort(([a, n], [b, m]) => Number(isUnnamed(a)) - Number(isUnnamed(b)) || m - n);
}

// For each person, the group with most of the recordings.
function largestGroups(rows) {
  const largest = new Map();
  for (const row of rows) {
    for (const [name, n] of countByPerson(row.members)) if (n > (largest.get(name)?.n ?? 0)) largest.set(name, { row, n });
  }
  return largest;
}

// Whether a group holds a single named person, and most of that person's recordings.
function isConsistent(row, largest) {
  const [[name], ...others] = countByPerson(row.members);
  return !others.length && !isUnnamed(name) && largest.get(name).row === row;
}

function buildSuggestion({ members, offered, confidence }) {
  const people = countByPerson(members);
  const [guess] = people[0];
  const named = people.map(([person]) => person).filter((person) => !isUnnamed(person));
  const contradicts = named.length > 1 ? named : [];
  const isSingle = people.length === 1;
  const isOutlier = isSingle && !isUnnamed(guess);
  const name = nameField("Person in these recordings", allNames, { value: isOutlier || isUnnamed(guess) || contradicts.length ? "" : guess });
  const isPending = members.some(({ id }) => pendingChange(`recording:${id}`));
  const text = isOutlier ? `Possibly not ${guess}: ${countRecordings(members.length)}` : `${countRecordings(members.length)} of ${countPeople(people.length)}`;
  const apply = async () => {
    const person = name.input.value.trim();
    if (contradicts.length && !(await confirmContradiction(contradicts, person || guess))) return;
    move(members, person || (isOutlier ? null : guess));
  };
  return el("li", { class: "suggestion" },
    el("p", {}, el("strong", { text }), Number.isFinite(confidence) ? `, confidence ${confidence.toFixed(2)}` : ""),
    contradicts.length ? el("p", { class: "problem", text: `Contradicts the names that were given by hand: ${contradicts.join(", ")}` }) : null,
    isSingle && !isOutlier ? null : el("ul", { class: "plain muted" },
      people.slice(0, 6).map(([person, n]) => el("li", { text: `${person}: ${countRecordings(n)}` })),
      people.length > 6 ? el("li", { text: `and ${countPeople(people.length - 6)} more` }) : null),
    el("details", {}, el("summary", { text: "Recordings" }),
      el("ul", {}, members.slice(0, 50).map(({ source, person }) => el("li", { text: `${source} (${person})` })))),
    ...(isSingle || offered ? [name.node, button(isSingle ? "Move to this person" : contradicts.length ? "Merge against the names …" : "Merge into one person", apply, { disabled: isPending })]
      : [el("p", { class: "muted", text: "Not offered as a merge: only likely merges are, which have a measured precision. They wait in the queue." })]),
    isPending ? el("p", { class: "change", text: "will be moved" }) : null);
}

const confirmContradiction = (names, person) => ask({
  title: `Merge ${countPeople(names.length)} who were named?`,
  text: `${names.join(", ")} were named by hand as different people. Their recordings in this group will belong to ${person}.`,
  submit: "Merge",
});

function move(members, person) {
  const target = person ?? NEW_PERSON;
  const ids = members.filter((member) => member.person !== person).map(({ id }) => id);
  if (!ids.length) return announce(`All recordings already show ${person}.`);
  return schedule({
    text: `${countRecordings(ids.length)} will be moved to ${target}`,
    changes: Object.fromEntries(ids.map((id) => [`recording:${id}`, `will be moved to ${target}`])),
    run: (options) => call("POST", "api/recordings/move", { ids, person }, options),
    done: () => { refresh(); return `${countRecordings(ids.length)} were moved to ${target}`; },
  });
}
