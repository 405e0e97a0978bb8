// The view of the audit log.
import { call, onRefresh } from "./api.js";
import { downloadCsv } from "./csv.js";
import { button, count, el, errorLine, field } from "./dom.js";

const MAX_ROWS = 200; // until more are requested
const HEADS = ["Number", "Time", "Action", "Person", "Recordings", "Former names or people found", "By"];
const error = errorLine();
const body = el("tbody");
const total = el("p", { class: "muted" });
const more = button("Show more", () => { shown += MAX_ROWS; draw(); }, { hidden: true });
const action = el("select", { on: { change: () => { shown = MAX_ROWS; draw(); } } });
const find = el("input", { type: "search", on: { input: () => { shown = MAX_ROWS; draw(); } } });
let events = [], shown = MAX_ROWS, isStale = true;

export function buildAudit(view) {
  view.append(
    el("h1", { id: "title-audit", tabindex: -1, text: "Audit" }),
    el("p", { class: "muted lead", text: "Every change and every search, the latest first. A number is missing where a change failed." }),
    el("div", { class: "row tools" }, field("Action", action), field("Find in the log", find),
      button("Export as CSV", () => downloadCsv("audit.csv", HEADS, visible().map(cells)))),
    error.line, total,
    el("table", { class: "log" }, el("caption", { class: "hidden", text: "Audit log" }), el("thead", {}, el("tr", {}, HEADS.map((text) => el("th", { scope: "col", text })))), body), more);
  onRefresh(() => { isStale = true; if (!view.hidden) update(); });
}

export async function update() {
  if (!isStale) return;
  isStale = false;
  try {
    ({ events } = await call("GET", "api/audit?limit=10000"));
    events.reverse();
    error.clear();
    const chosen = action.value;
    action.replaceChildren(el("option", { value: "", text: "all" }), ...[...new Set(events.map((event) => event.action))].sort().map((text) => el("option", { value: text, text, selected: text === chosen })));
    draw();
  } catch (failure) {
    isStale = true;
    error.show(failure);
  }
}

const cells = ({ number, time, action: verb, person, recordings, former, found, actor }) =>
  [number, time.slice(0, 19).replace("T", " "), verb, person ?? "–", recordings, [...former, ...found].join(", ") || "–", actor];

function visible() {
  const text = find.value.trim().toLowerCase();
  return events.filter((event) => (!action.value || event.action === action.value) && (!text || cells(event).join(" ").toLowerCase().includes(text)));
}

function draw() {
  const rows = visible();
  body.replaceChildren(...rows.slice(0, shown).map((event) => {
    const [number, ...rest] = cells(event);
    return el("tr", {}, el("th", { scope: "row", text: number }), ...rest.map((text, i) => el("td", { "data-name": HEADS[i + 1], text })));
  }));
  total.textContent = count(rows.length, "entry", "entries");
  more.hidden = rows.length <= shown;
}
