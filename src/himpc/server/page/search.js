// The view that asks whom recordings show.
import { verdict, verdictText, nearest, reasons } from "./answer.js";
import { call } from "./api.js";
import { nameBox, ask } from "./dialogs.js";
import { button, check, count, el, field, problem, say } from "./dom.js";
import { enroll } from "./enroll.js";
import { dropZone, form, leftOut, reading } from "./files.js";
import { complain } from "./pending.js";
import { Player } from "./player.js";
import { gallery, known, refresh } from "./state.js";

let files = [];
let player = null;
let readAs = {};
let asked = 0; // searches so far: a late answer to an earlier one is not shown

const trouble = problem();
const busy = el("div", { class: "busy", hidden: true });
const results = el("div", { class: "results" });

export function build(view) {
  const read = reading();
  const people = el("input", { type: "number", min: 1, max: 50, value: 5 });
  const rate = el("input", { type: "number", min: 0, max: 1, step: "any", value: 0.01, disabled: true });
  const by = el("select", { on: { change: () => { rate.disabled = !by.value; } } },
    el("option", { value: "", text: "usual" }),
    el("option", { value: "fmr", text: "false match rate (FMR)" }),
    el("option", { value: "fpir", text: "false positive identification rate (FPIR)" }));
  let rerank = false;
  const options = () => ({ ...read.values(), people: people.value, rerank: rerank ? "true" : "", skeletons: "true", ...(by.value ? { [by.value]: rate.value } : {}) });
  const go = () => search(options());
  const { zone } = dropZone("Choose recordings", (chosen) => { files = chosen; again.disabled = false; go(); });
  const again = button("Search again", go, { disabled: true });
  view.append(
    el("h1", { id: "title-search", tabindex: -1, text: "Who is this walker?" }),
    el("p", { class: "muted lead", text: "A recording is compared with everybody enrolled. The answer says who it is and how sure that is, or that it is unknown, and why." }),
    zone,
    el("details", { class: "options" }, el("summary", { text: "Options" }),
      el("div", { class: "grid" },
        field("People to list", people),
        field("Threshold by", by, "How often a stranger may match: a rate of comparisons, or of searches."),
        field("Rate", rate),
        read.fields()),
      check("Order the nearest by their neighbourhoods (rerank)", false, (on) => { rerank = on; }),
      again),
    trouble.line, busy, results);
}

async function search(options) {
  const mine = ++asked;
  const { layout, unit, up, fps } = options;
  readAs = { layout, unit, up, fps };
  trouble.clear();
  busy.hidden = false;
  busy.replaceChildren(el("progress", { "aria-label": "Searching" }), el("span", { text: `Searching for ${count(files.length, "file", "files")} …` }));
  try {
    const found = await call("POST", "api/search", form(files, options));
    if (mine === asked) show(found);
  } catch (error) {
    if (mine === asked) { clear(); trouble.show(error); }
  } finally {
    if (mine === asked) busy.hidden = true;
  }
}

function clear() {
  player?.close();
  player = null;
  results.replaceChildren();
}

function show({ answers, left_out: left }) {
  clear();
  const detail = el("div", { class: "detail" });
  const entries = answers.map((answer) => {
    const { head, rest } = verdict(answer);
    const node = el("button", { type: "button", class: "entry", "aria-pressed": "false", on: { click: () => choose(node, answer) } },
      el("span", { class: "source", text: answer.source }),
      el("span", {}, el("strong", { text: head }), rest));
    return node;
  });
  const choose = (node, answer) => {
    entries.forEach((each) => each.setAttribute("aria-pressed", String(each === node)));
    explain(detail, answer);
  };
  const many = answers.length > 1;
  results.classList.toggle("many", many);
  if (many) results.append(el("div", { class: "list" }, el("h2", { text: `${answers.length} answers` }), el("ul", { class: "plain" }, entries.map((node) => el("li", {}, node)))));
  const out = leftOut(left ?? []);
  if (answers.length) results.append(detail);
  if (out) results.append(out);
  if (answers.length) choose(entries[0], answers[0]);
  const heard = answers.slice(0, 3).map((answer) => `${answer.source}: ${verdictText(answer)}.`).join(" ");
  say(`${count(answers.length, "answer", "answers")}. ${heard} ${left?.length ? `${count(left.length, "file was", "files were")} left out.` : ""}`);
}

function explain(detail, answer) {
  player?.close();
  player = new Player();
  const { head, rest } = verdict(answer);
  const list = nearest(answer, (match, near) => beside(answer, match, near));
  detail.replaceChildren(
    el("div", { class: `card verdict ${answer.person === null ? "unknown" : "known"}` },
      el("p", { class: "source", text: answer.source }),
      el("h2", {}, head, el("span", { class: "rest", text: rest })),
      enrolling(answer)),
    el("div", { class: "card walk" }, el("h3", { text: "Side by side" }), player.node),
    el("div", { class: "card why" }, el("h3", { text: "Why" }), reasons(answer)),
    ...(list ? [el("div", { class: "card who" }, el("h3", { text: "Nearest people" }), list.list)] : []));
  player.show(gallery().model, { skeleton: answer.probe, who: "Searched for", source: answer.source });
  list?.first();
}

// The match walks beside the probe, from the moments that are most alike on.
async function beside(answer, match, near) {
  const mine = player;
  const moment = match.moments.find((each) => each.recording === near.id) ?? null;
  const shown = { who: match.person, source: near.source };
  try {
    const skeleton = await call("GET", `api/recordings/${near.id}/skeleton`);
    if (player === mine) mine.pair(gallery().model, { ...shown, skeleton }, moment);
  } catch (error) {
    if (player === mine) mine.pair(gallery().model, { ...shown, skeleton: null, note: error.message }, null);
  }
}

// A file that holds a single recording can be enrolled as it is.
function enrolling(answer) {
  const file = files.length === 1 ? files[0] : files.find((each) => each.name === answer.source);
  const alone = file && (files.length > 1 || results.classList.contains("many") === false);
  if (!alone || !answer.windows) return null;
  const as = async (options) => {
    try {
      const { words } = await enroll([file], { ...readAs, ...options });
      refresh();
      note.textContent = words;
      say(words);
    } catch (error) {
      complain(error.message);
    }
  };
  const note = el("p", { class: "muted" });
  const other = async () => {
    const given = await ask({ title: "Enroll the recording", controls: [nameBox("Name of the person", known(), { value: answer.person ?? "" })], yes: "Enroll" });
    if (given) as({ person: given.name.trim() });
  };
  return el("div", {}, el("div", { class: "row" },
    answer.person === null ? null : button(`Enroll as ${answer.person}`, () => as({ person: answer.person })),
    button(answer.person === null ? "Enroll as …" : "Enroll as somebody else …", other),
    answer.person === null ? button("Enroll as unnamed", () => as({ unnamed: "true" })) : null), note);
}
