// The view of how well people are enrolled.
import { call, onRefresh } from "./api.js";
import { downloadCsv } from "./csv.js";
import { button, byName, countPeople, el, errorLine, field } from "./dom.js";
import { poster } from "./poster.js";

const MAX_ROWS = 100; // until more are requested
const HEADS = ["Person", "Problems", "Recordings", "Sessions", "Cameras", "Seconds", "Lowest quality"];
const ORDERS = {
  problems: ["most problems", (a, b) => b.problems.length - a.problems.length || byName(a.person, b.person)],
  person: ["name", (a, b) => byName(a.person, b.person)],
  recordings: ["fewest recordings", (a, b) => a.recordings - b.recordings],
  seconds: ["shortest", (a, b) => a.seconds - b.seconds],
  quality: ["lowest quality", (a, b) => a.quality - b.quality],
};
const error = errorLine();
const total = el("p", { class: "muted" });
const body = el("tbody");
const more = button("Show more", () => { shown += MAX_ROWS; draw(); }, { hidden: true });
const order = el("select", { on: { change: () => draw() } }, Object.entries(ORDERS).map(([value, [text]]) => el("option", { value, text })));
const kind = el("select", { on: { change: () => draw() } }, el("option", { value: "poor", text: "poorly enrolled people" }), el("option", { value: "", text: "all people" }));
let people = [], shown = MAX_ROWS, isStale = true, revealPerson = () => {};

export function buildQuality(view, reveal) {
  revealPerson = reveal;
  view.append(
    el("h1", { id: "title-quality", tabindex: -1, text: "Quality" }),
    el("p", { class: "muted lead", text: "Answers about a person are less reliable where only one recording, one session, one view or a few seconds are enrolled. Enroll more recordings of these people." }),
    el("div", { class: "row tools" }, field("Show", kind), field("Sort by", order),
      button("Export as CSV", () => downloadCsv("quality.csv", HEADS, visible().map(cells)))),
    error.line, total,
    el("table", {}, el("caption", { class: "hidden", text: "Quality of enrollments" }), el("thead", {}, el("tr", {}, el("td"), HEADS.map((text) => el("th", { scope: "col", text })), el("td"))), body), more);
  onRefresh(() => { isStale = true; if (!view.hidden) update(); });
}

export async function update() {
  if (!isStale) return;
  isStale = false;
  try {
    ({ people } = await call("GET", "api/quality"));
    error.clear();
    draw();
  } catch (failure) {
    isStale = true;
    error.show(failure);
  }
}

const visible = () => people.filter((each) => !kind.value || each.problems.length).sort(ORDERS[order.value][1]);
const cells = (each) => [each.person, each.problems.join("; "), each.recordings, each.sessions || "–", each.cameras || "–", each.seconds.toFixed(1), `${Math.round(each.quality * 100)} %`];

function draw() {
  const rows = visible();
  const poor = people.filter((each) => each.problems.length).length;
  total.textContent = `${poor} of ${countPeople(people.length)} poorly enrolled`;
  body.replaceChildren(...rows.slice(0, shown).map((each) => {
    const [name, ...rest] = cells(each);
    return el("tr", {}, el("td", { class: "picture" }, poster({ person: name })), el("th", { scope: "row", text: name }),
      ...rest.map((text, i) => el("td", { "data-name": HEADS[i + 1], text: text === "" ? "none" : text })),
      el("td", { class: "acts" }, button("Show", () => revealPerson(name), { class: "quiet", "aria-label": `Show ${name}` })));
  }));
  more.hidden = rows.length <= shown;
}
