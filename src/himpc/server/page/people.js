// The view of who is enrolled: naming, merging, moving, removing.
import { call, person as path } from "./api.js";
import { ask, nameBox } from "./dialogs.js";
import { button, el, field, newId, people as counted, recordings as many } from "./dom.js";
import { enrollForm } from "./enroll.js";
import { groupForm } from "./grouping.js";
import { fate, hold, onChange } from "./pending.js";
import { recordingsOf } from "./recordings.js";
import { everybody, known, onRefresh, refresh } from "./state.js";

const AT_ONCE = 100; // rows that are drawn before somebody asks for more
const chosen = new Set();
const open = new Set();
let shown = AT_ONCE;
let only = "";

const list = el("ul", { class: "plain people" });
const bar = el("div", { class: "row merge-bar", hidden: true });
const total = el("p", { class: "muted" });

export function build(view) {
  const find = el("input", { type: "search", on: { input: () => { only = find.value.trim().toLowerCase(); shown = AT_ONCE; draw(); } } });
  view.append(
    el("h1", { id: "title-people", tabindex: -1, text: "People" }),
    el("div", { class: "columns" },
      el("div", {}, el("div", { class: "row between" }, field("Find a person", find), total), bar, list),
      el("aside", { "aria-label": "Enroll and group" }, enrollForm(), groupForm())));
  onRefresh(draw);
  onChange(draw);
}

/** Show one person, with the recordings. */
export function reveal(name) {
  open.add(name);
  only = "";
  draw();
  document.querySelector(`[data-key="${CSS.escape(`open ${name}`)}"]`)?.focus();
}

const unnamedFirst = (a, b) => Number(a.named) - Number(b.named) || a.name.localeCompare(b.name, "en", { numeric: true });

function draw() {
  const key = document.activeElement?.dataset?.key;
  const there = new Set(known());
  for (const set of [chosen, open]) for (const name of set) if (!there.has(name) || (set === chosen && fate(`person:${name}`))) set.delete(name);
  const found = everybody().filter((person) => person.name.toLowerCase().includes(only)).sort(unnamedFirst);
  const nameless = everybody().filter((person) => !person.named).length;
  total.textContent = `${counted(everybody().length)}${nameless ? `, ${nameless} to be named` : ""}`;
  list.replaceChildren(...found.slice(0, shown).map(row));
  if (!found.length) list.append(el("li", { class: "muted empty", text: only ? "Nobody has such a name." : "Nobody is enrolled yet. Enroll recordings to begin." }));
  if (found.length > shown) list.append(el("li", {}, button(`Show ${found.length - shown} more`, () => { shown += AT_ONCE * 5; draw(); })));
  drawBar();
  if (key) focusOn(document.querySelector(`[data-key="${CSS.escape(key)}"]`));
}

// What had the focus may be gone, or wait: then whom it is about gets it, or the heading.
function focusOn(node) {
  const next = node?.disabled ? node.closest(".person")?.querySelector(".toggle") : node;
  (next ?? document.getElementById("title-people")).focus({ preventScroll: true });
}

function row(person) {
  const { name } = person;
  const coming = fate(`person:${name}`);
  const box = el("input", {
    type: "checkbox", checked: chosen.has(name), disabled: Boolean(coming), "data-key": `choose ${name}`, "aria-label": `Choose ${name} to merge`,
    on: { change: () => { if (box.checked) chosen.add(name); else chosen.delete(name); drawBar(); } },
  });
  const act = (text, click, cls = "") => button(text, click, { class: cls, disabled: Boolean(coming), "data-key": `${text} ${name}`, "aria-label": `${text} ${name}` });
  const inside = el("div", { id: newId("recordings"), hidden: !open.has(name) });
  const toggle = el("button", {
    type: "button", class: "toggle", "aria-expanded": String(open.has(name)), "aria-controls": inside.id, "data-key": `open ${name}`,
    on: { click: () => { if (open.has(name)) open.delete(name); else open.add(name); draw(); } },
  }, el("strong", { text: name }), el("span", { class: "muted", text: about(person) }));
  if (open.has(name)) inside.append(recordingsOf(name));
  return el("li", { class: `person ${person.named ? "" : "nameless"} ${coming ? "coming" : ""}` },
    el("div", { class: "line" }, box, toggle,
      el("div", { class: "row" },
        act(person.named ? "Rename" : "Name", () => rename(person), person.named ? "quiet" : ""),
        act("Remove", () => remove(person), "quiet danger-text"))),
    coming ? el("p", { class: "fate", text: coming }) : null, inside);
}

function about({ recordings, windows, cameras, first, last }) {
  const from = first.slice(0, 10), to = last.slice(0, 10);
  const seen = cameras.length ? `, ${cameras.length === 1 ? "camera" : "cameras"} ${cameras.join(", ")}` : "";
  return `${many(recordings)}, ${windows.toLocaleString("en")} windows${seen}, enrolled ${from === to ? from : `${from} to ${to}`}`;
}

function drawBar() {
  const names = [...chosen];
  bar.hidden = !names.length;
  const merge = button("Merge into one person", () => unite(names), { class: "primary", disabled: names.length < 2, "data-key": "merge" });
  const told = names.length < 2 ? `${names[0]} is chosen: choose one more to merge` : `${names.length} chosen: ${names.join(", ")}`;
  bar.replaceChildren(el("span", { text: told }), merge, button("Choose nobody", () => { chosen.clear(); draw(); }, { class: "quiet" }));
}

async function rename({ name, named }) {
  const given = await ask({
    title: named ? `Rename ${name}` : `Name ${name}`,
    controls: [nameBox("Name", [], { value: named ? name : "" })], yes: named ? "Rename" : "Name",
  });
  const fresh = given?.name.trim();
  if (!fresh || fresh === name) return;
  hold({
    text: `${name} gets the name ${fresh}`,
    fates: { [`person:${name}`]: `will be named ${fresh}` },
    run: (how) => call("POST", `${path(name)}/rename`, { name: fresh }, how),
    done: () => { refresh(); return `${name} is now ${fresh}`; },
  });
}

function remove({ name, recordings }) {
  hold({
    text: `${name} will be removed for good, with ${many(recordings)}`,
    fates: { [`person:${name}`]: "will be removed for good" },
    run: (how) => call("DELETE", path(name), null, how),
    done: () => { refresh(); return `${name} is removed`; },
  });
}

async function unite(names) {
  const best = everybody().filter((person) => chosen.has(person.name)).sort((a, b) => Number(b.named) - Number(a.named) || b.recordings - a.recordings);
  const keep = el("select", { name: "keep" }, best.map(({ name }) => el("option", { value: name, text: name })));
  const given = await ask({ title: `Merge ${names.length} people`, text: "All their recordings will show one person.", controls: [field("Name to keep", keep)], yes: "Merge" });
  if (!given) return;
  const others = names.filter((name) => name !== given.keep);
  chosen.clear();
  hold({
    text: `${others.join(", ")} will be merged into ${given.keep}`,
    fates: Object.fromEntries([[`person:${given.keep}`, `will also be ${others.join(", ")}`], ...others.map((name) => [`person:${name}`, `will be merged into ${given.keep}`])]),
    run: (how) => call("POST", `${path(given.keep)}/merge`, { others }, how),
    done: () => { refresh(); return `${given.keep} and ${others.join(", ")} are one person`; },
  });
}
