// The view of enrolled people: name, merge and remove them.
import { allNames, allPeople, call, onRefresh, personPath, refresh } from "./api.js";
import { downloadCsv } from "./csv.js";
import { ask, nameField } from "./dialogs.js";
import { button, byName, countPeople, countRecordings, el, field, newId } from "./dom.js";
import { groupForm } from "./grouping.js";
import { poster } from "./poster.js";
import { recordingTable } from "./recordings.js";
import { onPendingChange, pendingChange, schedule } from "./undo.js";
import { enrollForm } from "./uploads.js";

const MAX_ROWS = 100; // until more are requested
const selected = new Set();
const expanded = new Set();
let maxRows = MAX_ROWS;
let filter = "";

const ORDERS = {
  unnamed: ["unnamed first", unnamedFirst],
  name: ["name", (a, b) => byName(a.name, b.name)],
  many: ["most recordings", (a, b) => b.recordings - a.recordings],
  few: ["fewest recordings", (a, b) => a.recordings - b.recordings],
  latest: ["latest", (a, b) => (a.last < b.last ? 1 : -1)],
};
const HEADS = ["Person", "Named", "Recordings", "Windows", "Cameras", "First enrolled", "Last enrolled"];
const order = el("select", { on: { change: () => draw() } }, Object.entries(ORDERS).map(([value, [text]]) => el("option", { value, text })));

const list = el("ul", { class: "plain people" });
const mergeBar = el("div", { class: "row merge-bar", hidden: true });
const total = el("p", { class: "muted" });

export function buildPeople(view) {
  const search = el("input", { type: "search", on: { input: () => { filter = search.value.trim().toLowerCase(); maxRows = MAX_ROWS; draw(); } } });
  const form = enrollForm();
  view.append(
    el("h1", { id: "title-people", tabindex: -1, text: "People" }),
    el("div", { class: "columns" },
      el("div", {}, el("div", { class: "row tools" }, field("Find a person", search), field("Sort by", order),
        button("Export as CSV", () => downloadCsv("people.csv", HEADS, visible().map((each) => [each.name, each.named ? "yes" : "no", each.recordings, each.windows, each.cameras.join("; "), each.first, each.last]))),
        button("Enroll recordings", () => { form.scrollIntoView(); form.querySelector("input").focus(); }, { class: "narrow" }), total), mergeBar, list),
      el("aside", { "aria-label": "Enroll and group" }, form, groupForm())));
  onRefresh(draw);
  onPendingChange(draw);
}

/** Show a person with the recordings. */
export function revealPerson(name) {
  expanded.add(name);
  filter = "";
  draw();
  find(`open ${name}`)?.focus();
}

const find = (key) => document.querySelector(`[data-key="${CSS.escape(key)}"]`);
function unnamedFirst(a, b) { return Number(a.named) - Number(b.named) || byName(a.name, b.name); }

const visible = () => allPeople().filter((person) => person.name.toLowerCase().includes(filter)).sort(ORDERS[order.value][1]);

function draw() {
  const focused = document.activeElement?.dataset?.key;
  const names = new Set(allNames());
  for (const name of expanded) if (!names.has(name)) expanded.delete(name);
  for (const name of selected) if (!names.has(name) || pendingChange(`person:${name}`)) selected.delete(name);
  const matches = visible();
  const unnamed = allPeople().filter((person) => !person.named).length;
  total.textContent = `${countPeople(names.size)}${unnamed ? `, ${unnamed} unnamed` : ""}`;
  list.replaceChildren(...matches.slice(0, maxRows).map(buildRow));
  if (!matches.length) list.append(el("li", { class: "muted empty", text: filter ? "No person has this name." : "No people are enrolled yet. Enroll recordings to begin." }));
  if (matches.length > maxRows) list.append(el("li", {}, button(`Show ${matches.length - maxRows} more`, () => { maxRows += MAX_ROWS * 5; draw(); })));
  drawMergeBar();
  if (focused) restoreFocus(find(focused));
}

// The control that had the focus may be disabled or gone: then its person gets it, or the heading.
function restoreFocus(node) {
  const next = node?.disabled ? node.closest(".person")?.querySelector(".toggle") : node;
  (next ?? document.getElementById("title-people")).focus({ preventScroll: true });
}

function buildRow(person) {
  const { name } = person;
  const change = pendingChange(`person:${name}`);
  const isOpen = expanded.has(name);
  const box = el("input", {
    type: "checkbox", checked: selected.has(name), disabled: Boolean(change), "data-key": `select ${name}`, "aria-label": `Select ${name} to merge`,
    on: { change: () => { toggle(selected, name); drawMergeBar(); } },
  });
  const act = (text, click, cls) => button(text, click, { class: cls, disabled: Boolean(change), "data-key": `${text} ${name}`, "aria-label": `${text} ${name}` });
  const details = el("div", { id: newId("recordings"), hidden: !isOpen }, isOpen ? recordingTable(name) : null);
  const header = el("button", {
    type: "button", class: "toggle", "aria-expanded": String(isOpen), "aria-controls": details.id, "data-key": `open ${name}`,
    on: { click: () => { toggle(expanded, name); draw(); } },
  }, el("strong", { text: name }), el("span", { class: "muted", text: describe(person) }));
  return el("li", { class: `person ${person.named ? "" : "unnamed"} ${change ? "pending" : ""}` },
    el("div", { class: "line" }, box, poster({ person: name }), header,
      el("div", { class: "row" },
        act(person.named ? "Rename" : "Name", () => rename(person), person.named ? "quiet" : ""),
        act("Remove", () => remove(person), "quiet danger-text"))),
    change ? el("p", { class: "change", text: change }) : null, details);
}

function toggle(set, name) {
  if (!set.delete(name)) set.add(name);
}

function describe({ recordings, windows, cameras, first, last }) {
  const [from, to] = [first.slice(0, 10), last.slice(0, 10)];
  const by = cameras.length ? `, ${cameras.length === 1 ? "camera" : "cameras"} ${cameras.join(", ")}` : "";
  return `${countRecordings(recordings)}, ${windows.toLocaleString("en")} windows${by}, enrolled ${from === to ? from : `${from} to ${to}`}`;
}

function drawMergeBar() {
  const names = [...selected];
  mergeBar.hidden = !names.length;
  mergeBar.replaceChildren(
    el("span", { text: names.length < 2 ? `${names[0]} is selected; select another person to merge` : `${names.length} selected: ${names.join(", ")}` }),
    button("Merge into one person", () => merge(names), { class: "primary", disabled: names.length < 2, "data-key": "merge" }),
    button("Clear selection", () => { selected.clear(); draw(); }, { class: "quiet" }));
}

async function rename({ name, named }) {
  const verb = named ? "Rename" : "Name";
  const values = await ask({ title: `${verb} ${name}`, controls: [nameField("Name", () => [], { value: named ? name : "" }).node], submit: verb });
  const newName = values?.name.trim();
  if (!newName || newName === name) return;
  schedule({
    text: `${name} will be renamed to ${newName}`,
    changes: { [`person:${name}`]: `will be renamed to ${newName}` },
    run: (options) => call("POST", `${personPath(name)}/rename`, { name: newName }, options),
    done: () => { refresh(); return `${name} was renamed to ${newName}`; },
  });
}

async function remove({ name, recordings }) {
  const values = await ask({ title: `Erase ${name}?`, text: `${countRecordings(recordings)} will be erased for good.`, submit: "Erase" });
  if (!values) return;
  schedule({
    abandon: true,
    text: `${name} will be erased with ${countRecordings(recordings)}`,
    changes: { [`person:${name}`]: "will be erased" },
    run: (options) => call("DELETE", personPath(name), null, options),
    done: () => { refresh(); return `${name} was erased`; },
  });
}

async function merge(names) {
  const candidates = allPeople().filter((person) => selected.has(person.name)).sort((a, b) => Number(b.named) - Number(a.named) || b.recordings - a.recordings);
  const select = el("select", { name: "keep" }, candidates.map(({ name }) => el("option", { value: name, text: name })));
  const values = await ask({ title: `Merge ${names.length} people`, text: "All their recordings will belong to one person.", controls: [field("Name to keep", select)], submit: "Merge" });
  if (!values) return;
  const { keep } = values;
  const others = names.filter((name) => name !== keep);
  const merged = others.join(", ");
  selected.clear();
  schedule({
    text: `${merged} will be merged into ${keep}`,
    changes: Object.fromEntries([[`person:${keep}`, `will include ${merged}`], ...others.map((name) => [`person:${name}`, `will be merged into ${keep}`])]),
    run: (options) => call("POST", `${personPath(keep)}/merge`, { others }, options),
    done: () => { refresh(); return `${merged} were merged into ${keep}`; },
  });
}
