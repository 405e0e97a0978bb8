// The view that identifies people in recordings.
import { explain, nearestPeople, summarise, summaryText, VERDICTS, verdictTag } from "./answer.js";
import { allNames, call, galleryInfo, refresh } from "./api.js";
import { downloadCsv } from "./csv.js";
import { ask, nameField } from "./dialogs.js";
import { announce, button, checkbox, count, el, errorLine, field } from "./dom.js";
import { Player } from "./player.js";
import { poster } from "./poster.js";
import { showError } from "./undo.js";
import { dropZone, enroll, readOptions, skippedList, uploadForm } from "./uploads.js";

let files = [];
let player = null;
let lastReadOptions = {};
let searches = 0; // a late answer to an earlier search is not shown

const error = errorLine();
const busy = el("div", { class: "busy", hidden: true });
const results = el("div", { class: "results" });

export function buildSearch(view) {
  const read = readOptions();
  const people = el("input", { type: "number", min: 1, max: 50, value: 5 });
  const rate = el("input", { type: "number", min: 0, max: 1, step: "any", value: 0.01, disabled: true });
  const criterion = el("select", { on: { change: () => { rate.disabled = !criterion.value; } } },
    el("option", { value: "", text: "default (the stricter of FMR 0.01 and FPIR 0.1)" }),
    el("option", { value: "fmr", text: "false match rate (FMR)" }),
    el("option", { value: "fpir", text: "false positive identification rate (FPIR)" }));
  let rerank = false;
  const search = () => {
    lastReadOptions = read.values();
    const threshold = criterion.value ? { [criterion.value]: rate.value } : {};
    return runSearch({ ...lastReadOptions, people: people.value, rerank: rerank ? "true" : "", skeletons: "true", ...threshold });
  };
  const repeat = button("Search again", search, { disabled: true });
  const zone = dropZone("Choose recordings", (chosen) => { files = chosen; repeat.disabled = false; search(); });
  view.append(
    el("h1", { id: "title-search", tabindex: -1, text: "Identify people" }),
    el("p", { class: "muted lead", text: "Each recording is compared with all enrolled people. The answer is a person or unknown, with a probability and the reasons." }),
    zone.node,
    el("details", { class: "options" }, el("summary", { text: "Options" }),
      el("div", { class: "grid" },
        field("Nearest people to list", people),
        field("Threshold by", criterion, "How often a person who is not enrolled may match: as a rate of comparisons, or of searches."),
        field("Rate", rate),
        read.fields),
      checkbox("Rerank by neighbourhoods", false, (on) => { rerank = on; }),
      repeat),
    error.line, busy, results);
}

async function runSearch(options) {
  const search = ++searches;
  error.clear();
  busy.hidden = false;
  busy.replaceChildren(el("progress", { "aria-label": "Searching" }), el("span", { text: `Searching for ${count(files.length, "file", "files")} …` }));
  try {
    const found = await call("POST", "api/search", uploadForm(files, options));
    if (search === searches) showResults(found);
  } catch (failure) {
    if (search === searches) { clearResults(); error.show(failure); }
  } finally {
    if (search === searches) busy.hidden = true;
  }
}

function clearResults() {
  player?.close();
  player = null;
  results.replaceChildren();
}

const ANSWER_ORDERS = {
  "": ["order of the files", null],
  doubtful: ["most doubtful", (a, b) => doubt(b) - doubt(a)],
  certain: ["most certain", (a, b) => doubt(a) - doubt(b)],
};
const CSV_HEADS = ["Recording", "Answer", "Person", "Nearest", "Probability", "Distance", "Agreement", "Reason"];

// 0 for a certain answer, whichever it is, and 1 for the least certain.
const doubt = ({ matches, windows }) => (windows && matches[0]?.probability != null ? 1 - Math.abs(2 * matches[0].probability - 1) : 0);
const csvRow = ({ source, verdict, person, matches: [first], reason }) => [source, verdict, person ?? "", first?.person ?? "", first?.probability?.toFixed(3) ?? "", first?.distance.toFixed(3) ?? "", first?.agreement.toFixed(3) ?? "", reason];

function showResults({ answers, left_out: skipped }) {
  clearResults();
  const detail = el("div", { class: "detail" });
  const entries = new Map(answers.map((answer) => {
    const { head, rest } = summarise(answer);
    const node = el("button", { type: "button", class: "entry", "aria-pressed": "false", on: { click: () => choose(node, answer) } },
      answer.matches[0]?.recordings.length ? poster({ recording: answer.matches[0].recordings[0].id }) : null,
      el("span", {}, el("span", { class: "source", text: answer.source }), el("span", {}, verdictTag(answer), " ", el("strong", { text: head }), rest)));
    return [answer, node];
  }));
  const choose = (node, answer) => {
    for (const each of entries.values()) each.setAttribute("aria-pressed", String(each === node));
    showAnswer(detail, answer, answers.length > 1);
  };
  results.classList.toggle("many", answers.length > 1);
  if (answers.length > 1) results.append(answerList(answers, entries));
  results.append(detail, skippedList(skipped) ?? "");
  choose(entries.get(answers[0]), answers[0]);
  const summaries = answers.slice(0, 3).map((answer) => `${answer.source}: ${summaryText(answer)}.`).join(" ");
  announce(`${count(answers.length, "answer", "answers")}. ${summaries} ${skipped.length ? `${count(skipped.length, "file was", "files were")} skipped.` : ""}`);
}

// The list of several answers, to filter, sort and export.
function answerList(answers, entries) {
  const word = el("select", { on: { change: () => fill() } }, el("option", { value: "", text: "all answers" }),
    Object.entries(VERDICTS).map(([value, text]) => el("option", { value, text: `${text.toLowerCase()} (${answers.filter((answer) => answer.verdict === value).length})` })));
  const order = el("select", { on: { change: () => fill() } }, Object.entries(ANSWER_ORDERS).map(([value, [text]]) => el("option", { value, text })));
  const list = el("ul", { class: "plain" });
  const visible = () => {
    const shown = answers.filter((answer) => !word.value || answer.verdict === word.value);
    return order.value ? shown.sort(ANSWER_ORDERS[order.value][1]) : shown;
  };
  const fill = () => list.replaceChildren(...visible().map((answer) => el("li", {}, entries.get(answer))));
  fill();
  return el("div", { class: "list" }, el("h2", { text: `${answers.length} answers` }), field("Show", word), field("Sort by", order),
    button("Export as CSV", () => downloadCsv("answers.csv", CSV_HEADS, visible().map(csvRow))), list);
}

function showAnswer(detail, answer, isOneOfMany) {
  player?.close();
  player = new Player();
  const { head, rest } = summarise(answer);
  const nearest = nearestPeople(answer, (match, recording) => compare(answer, match, recording));
  detail.replaceChildren(
    el("div", { class: `card verdict ${answer.verdict}` },
      el("p", { class: "source", text: answer.source }),
      el("h2", {}, verdictTag(answer), " ", head, el("span", { class: "rest", text: rest })),
      enrollButtons(answer, isOneOfMany) ?? ""),
    el("div", { class: "card walk" }, el("h3", { text: "Comparison" }), player.node),
    el("div", { class: "card why" }, el("h3", { text: "Reasons" }), explain(answer)),
    ...(nearest ? [el("div", { class: "card who" }, el("h3", { text: "Nearest people" }), nearest.list)] : []));
  player.show(galleryInfo().model, { skeleton: answer.probe, title: "Probe", source: answer.source });
  nearest?.chooseFirst();
}

// Show the recording of a match beside the probe, synchronised at their most similar windows.
async function compare(answer, match, recording) {
  const current = player;
  const moment = match.moments.find((each) => each.recording === recording.id) ?? null;
  const side = { title: match.person, source: recording.source, skeleton: null };
  try {
    side.skeleton = await call("GET", `api/recordings/${recording.id}/skeleton`);
  } catch (failure) {
    side.note = failure.message;
  }
  if (player === current) current.showSecond(galleryInfo().model, side, moment);
}

// A file with a single recording can be enrolled directly.
function enrollButtons(answer, isOneOfMany) {
  const file = files.length === 1 ? files[0] : files.find((each) => each.name === answer.source);
  if (!file || (files.length === 1 && isOneOfMany) || !answer.windows) return null;
  const note = el("p", { class: "muted" });
  const enrollAs = async (options) => {
    try {
      const { text } = await enroll([file], { ...lastReadOptions, ...options });
      refresh();
      note.textContent = text;
      announce(text);
    } catch (failure) {
      showError(failure.message);
    }
  };
  const enrollAsOther = async () => {
    const name = nameField("Name", allNames, { value: answer.person ?? "" });
    const values = await ask({ title: "Enroll the recording", controls: [name.node], submit: "Enroll" });
    if (values) enrollAs({ person: values.name.trim() });
  };
  const isKnown = answer.person !== null;
  const nearest = answer.person ?? answer.matches[0]?.person;
  return el("div", {}, el("div", { class: "row" },
    nearest ? button(`Enroll as ${nearest}${isKnown ? "" : ", the nearest"}`, () => enrollAs({ person: nearest })) : null,
    button(nearest ? "Enroll as another person …" : "Enroll as …", enrollAsOther),
    isKnown ? null : button("Enroll as unnamed", () => enrollAs({ unnamed: "true" }))), note);
}
