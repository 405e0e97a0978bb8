// The view of the queue: likely merges, doubtful recordings and people without a name, which a person decides.
import { allNames, call, onRefresh, refresh } from "./api.js";
import { downloadCsv } from "./csv.js";
import { ask, nameField } from "./dialogs.js";
import { announce, button, byName, checkbox, count, countRecordings, el, errorLine, field } from "./dom.js";
import { poster } from "./poster.js";

const MAX_ROWS = 100;
const KINDS = { merge: "Merge", doubtful: "Doubtful", unknown: "Unknown" };
const ORDERS = {
  "": ["as listed", null],
  likely: ["most probable", (a, b) => (b.probability ?? -1) - (a.probability ?? -1)],
  unlikely: ["least probable", (a, b) => (a.probability ?? 2) - (b.probability ?? 2)],
  latest: ["latest", (a, b) => (a.enrolled < b.enrolled ? 1 : -1)],
  person: ["name", (a, b) => byName(a.person, b.person)],
};
const HEADS = ["Id", "Kind", "Person", "Candidate", "Nearest", "Probability", "Distance", "Recording", "Reason"];
const KEYS = "One key each: C confirms, X rejects, E enrolls under a name, N enrolls as the nearest person, U undoes the last decision; J and K or the arrow keys move, space selects.";

const error = errorLine();
const total = el("p", { class: "muted" });
const list = el("ul", { class: "plain queue" });
const bar = el("div", { class: "row merge-bar", hidden: true });
const kind = el("select", { on: { change: () => draw() } }, el("option", { value: "", text: "all" }), Object.entries(KINDS).map(([value, text]) => el("option", { value, text: text.toLowerCase() })));
const order = el("select", { on: { change: () => draw() } }, Object.entries(ORDERS).map(([value, [text]]) => el("option", { value, text })));
const find = el("input", { type: "search", on: { input: () => draw() } });
const undoButton = button("Undo (U)", () => undo(), { "aria-keyshortcuts": "u", disabled: true });
const selected = new Set();
let items = [], last = null, current = null, isStale = true, view = null, inFlight = 0, work = Promise.resolve();

export function buildQueue(node) {
  view = node;
  node.append(
    el("h1", { id: "title-queue", tabindex: -1, text: "Queue" }),
    el("p", { class: "muted lead", text: "What only a person can decide. Each decision is logged and can be undone." }),
    el("p", { class: "muted lead keys", text: KEYS }),
    el("div", { class: "row tools" }, field("Kind", kind), field("Sort by", order), field("Find", find),
      checkbox("Select all", false, selectAll), undoButton,
      button("Export as CSV", () => downloadCsv("queue.csv", HEADS, visible().map(cells)))),
    error.line, total, bar, list);
  node.addEventListener("keydown", onKey);
  document.addEventListener("keydown", (event) => { if (!node.hidden && event.target === document.body) onKey(event); });
  onRefresh(() => { isStale = true; if (!node.hidden) update(); });
}

/** Load the queue again if the gallery has changed. */
export async function update() {
  if (!isStale) return;
  isStale = false;
  try {
    const found = await call("GET", "api/queue");
    [items, last] = [found.items, found.undo];
    error.clear();
    draw();
  } catch (failure) {
    isStale = true;
    error.show(failure);
  }
}

const cells = (item) => [item.id, item.kind, item.person, item.candidate ?? "", item.nearest ?? "", item.probability?.toFixed(3) ?? "", item.distance?.toFixed(3) ?? "", item.source, item.reason];

function visible() {
  const text = find.value.trim().toLowerCase();
  const rows = items.filter((item) => (!kind.value || item.kind === kind.value) && (!text || cells(item).join(" ").toLowerCase().includes(text)));
  const compare = ORDERS[order.value][1];
  return compare ? [...rows].sort(compare) : rows;
}

function selectAll(on) {
  selected.clear();
  if (on) for (const item of visible()) selected.add(item.id);
  draw();
}

function draw() {
  const hadFocus = list.contains(document.activeElement) || document.activeElement === document.body;
  const rows = visible();
  for (const id of selected) if (!rows.some((item) => item.id === id)) selected.delete(id);
  if (!rows.some((item) => item.id === current)) current = rows[0]?.id ?? null;
  list.replaceChildren(...rows.slice(0, MAX_ROWS).map(buildItem));
  if (!rows.length) list.append(el("li", { class: "muted empty", text: items.length ? "No question fits the filter." : "Nothing waits for a decision." }));
  total.textContent = `${count(rows.length, "question", "questions")}${rows.length > MAX_ROWS ? `, the first ${MAX_ROWS} are shown` : ""}`;
  undoButton.disabled = !last;
  undoButton.title = last ? `Undo: ${last.action}${last.person ? ` ${last.person}` : ""}` : "";
  drawBar();
  if (hadFocus && !view.hidden) focusCurrent();
}

function focusCurrent() {
  (list.querySelector("[aria-current]") ?? document.getElementById("title-queue")).focus({ preventScroll: !current });
}

function drawBar() {
  const chosen = items.filter((item) => selected.has(item.id));
  const confirmable = chosen.every((item) => item.candidate);
  bar.hidden = !chosen.length;
  bar.replaceChildren(
    el("span", { text: `${count(chosen.length, "question", "questions")} selected` }),
    button("Confirm all", () => decide(chosen, "confirm"), { disabled: !confirmable }),
    button("Reject all", () => decide(chosen, "reject")),
    button("Enroll all as …", () => enrollAs(chosen)),
    button("Clear selection", () => { selected.clear(); draw(); }, { class: "quiet" }));
}

const rejection = (item) => (item.candidate ? `Not ${item.candidate}` : "Leave without a name");

function buildItem(item) {
  const box = el("input", { type: "checkbox", checked: selected.has(item.id), "aria-label": `Select ${item.person}`, on: { change: () => { if (!selected.delete(item.id)) selected.add(item.id); drawBar(); } } });
  const act = (text, key, click, props = {}) => button(`${text} (${key.toUpperCase()})`, click, { "aria-keyshortcuts": key, ...props });
  const other = item.kind === "doubtful" ? { person: item.nearest } : item.other ? { recording: item.other } : null;
  const isCurrent = item.id === current;
  return el("li", {
    class: `card question ${item.kind}`, tabindex: isCurrent ? 0 : -1, "aria-current": isCurrent ? "true" : null, "data-id": item.id,
    on: { focusin: () => makeCurrent(item.id) },
  },
    el("div", { class: "row pictures" }, box, picture({ recording: item.recording }, item.person), other ? picture(other, item.nearest) : null),
    el("div", {},
      el("p", {}, el("span", { class: "tag unsure", text: KINDS[item.kind] }), " ", el("strong", { text: item.person }), el("span", { class: "muted", text: `, ${countRecordings(item.recordings.length)}` })),
      el("p", { class: "source", text: `${item.reason}.` }),
      item.contradicts ? el("p", { class: "problem", text: "Contradicts the names that were given by hand." }) : null,
      el("div", { class: "row" },
        item.candidate ? act(`It is ${item.candidate}`, "c", () => decide([item], "confirm"), { class: "primary" }) : null,
        act(rejection(item), "x", () => decide([item], "reject")),
        act("Enroll as …", "e", () => enrollAs([item])),
        item.nearest && item.nearest !== item.candidate ? act(`Enroll as ${item.nearest}`, "n", () => decide([item], "enroll", item.nearest)) : null)));
}

const picture = (what, name) => el("figure", { class: "small" }, poster(what), el("figcaption", { text: name }));

function makeCurrent(id) {
  if (current === id) return;
  current = id;
  for (const node of list.children) {
    const isCurrent = node.dataset.id === id;
    node.tabIndex = isCurrent ? 0 : -1;
    if (isCurrent) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
  }
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target instanceof Element && event.target.matches("input:not([type=checkbox]), select, textarea")) return;
  const item = items.find((each) => each.id === current);
  const key = event.key.toLowerCase();
  if (key === "u") undo();
  else if (key === "j" || key === "arrowdown") move(1);
  else if (key === "k" || key === "arrowup") move(-1);
  else if (!item) return;
  else if (key === "c" && item.candidate) decide([item], "confirm");
  else if (key === "x") decide([item], "reject");
  else if (key === "e") enrollAs([item]);
  else if (key === "n" && item.nearest) decide([item], "enroll", item.nearest);
  else if (key === " " && event.target.closest?.(".question") === event.target) { if (!selected.delete(item.id)) selected.add(item.id); draw(); }
  else return;
  event.preventDefault();
}

function move(step) {
  const ids = [...list.children].map((node) => node.dataset.id).filter(Boolean);
  const next = ids[Math.min(ids.length - 1, Math.max(0, ids.indexOf(current) + step))];
  if (!next) return;
  makeCurrent(next);
  focusCurrent();
}

async function enrollAs(chosen) {
  const name = nameField("Name", allNames, { hint: "An enrolled person, or a new name." });
  const what = chosen.length === 1 ? chosen[0].person : count(chosen.length, "question", "questions");
  const values = await ask({ title: `Enroll ${what} as`, controls: [name.node], submit: "Enroll" });
  const person = values?.name.trim();
  if (person) decide(chosen, "enroll", person);
}

// One request after the other: keys may be pressed faster than the server answers.
function send(path, body, text) {
  inFlight += 1;
  work = work.then(async () => {
    try {
      await call("POST", path, body);
      selected.clear();
      announce(text);
      error.clear();
      if (inFlight === 1) await refresh();
      isStale = true;
      await update();
    } catch (failure) {
      isStale = true;
      await update();
      error.show(failure);
    } finally {
      inFlight -= 1;
    }
  });
}

function decide(chosen, decision, person = null) {
  const [first] = chosen;
  const what = chosen.length === 1 ? first.person : count(chosen.length, "question", "questions");
  const done = { confirm: "Confirmed", reject: "Rejected", enroll: `Enrolled as ${person}` }[decision];
  const row = visible().findIndex((item) => item.id === first.id);
  current = visible().filter((item) => !chosen.includes(item))[Math.max(0, row)]?.id ?? visible().filter((item) => !chosen.includes(item)).at(-1)?.id ?? null;
  send(`api/queue/${decision}`, { items: chosen.map((item) => item.id), ...(person ? { person } : {}) }, `${done}: ${what}. Undo with U.`);
}

function undo() {
  if (!last && !inFlight) return;
  const text = last && !inFlight ? `Undone: ${last.action}${last.person ? ` ${last.person}` : ""}.` : "Undone.";
  send("api/queue/undo", { number: inFlight ? null : last.number }, text);
}
