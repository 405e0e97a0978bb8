// An answer in words and a small chart: the person, the probability, and the reasons.
import { el, svg } from "./dom.js";
import { poster } from "./poster.js";

const decimals = (value) => value.toFixed(2);

/** Return the function that writes the distances of an answer: in two decimals, or in as many more, up to six, as tell people apart. */
export function distanceFormat({ matches, threshold }) {
  const all = matches.map((match) => match.distance);
  const spread = Math.max(...all) - Math.min(...all) || all[0] || 1;
  const isApart = (places) => 10 ** -places <= spread / 20 && (all[0] === threshold || all[0].toFixed(places) !== threshold?.toFixed(places));
  const places = [2, 3, 4, 5].find(isApart) ?? 6;
  return (distance) => distance.toFixed(places);
}

const percent = (value) => `${Math.round(value * 100)} %`;
const withProbability = (value) => (value === null ? "" : `, probability ${decimals(value)}`);

/** The words for an answer; `docs/gallery.md` says when each is used. */
export const VERDICTS = { match: "Match", likely: "Likely", unsure: "Unsure", unknown: "Unknown" };

/** Summarise an answer as {word, head, rest}, such as "Match", "Ann" and ", probability 0.93". */
export function summarise({ verdict, person, probability, windows, threshold, matches }) {
  const word = windows ? VERDICTS[verdict] : "No answer";
  if (person !== null) return { word, head: person, rest: withProbability(probability) };
  if (!windows) return { word, head: "", rest: "the recording is too short" };
  if (verdict === "unsure") return { word, head: `Nearest: ${matches[0].person}`, rest: threshold === null ? "; there is no threshold yet" : withProbability(matches[0].probability) };
  return { word, head: "", rest: probability === null ? "" : `probability ${decimals(probability)}` };
}

/** The word of an answer, with a mark that does not depend on colour. */
export const verdictTag = (answer) => el("span", { class: `tag ${answer.windows ? answer.verdict : "unknown"}`, text: summarise(answer).word });

export function summaryText(answer) {
  const { word, head, rest } = summarise(answer);
  return `${word}: ${head}${rest}`;
}

/** Explain an answer: margin, agreement, and distance compared with the threshold. */
export function explain(answer) {
  const [first, second] = answer.matches;
  if (!first) return el("p", { text: answer.note || "There are no people to compare with." });
  const format = distanceFormat(answer);
  const agreeing = Math.round(first.agreement * answer.windows);
  const facts = [
    ["Margin", percent(answer.margin), second ? `nearer than ${second.person}, the second` : "there is no second person"],
    ["Agreement", percent(first.agreement), `${agreeing} of ${answer.windows} windows are nearest to ${first.person}`],
    ["Distance", format(first.distance), compareWithThreshold(answer.threshold, first.distance, format)],
  ];
  return el("div", {},
    el("p", { text: `${answer.reason[0].toUpperCase()}${answer.reason.slice(1)}.` }),
    answer.note ? el("p", { class: "note", text: answer.note }) : null,
    el("dl", { class: "facts" }, facts.map(([name, value, text]) => el("div", {}, el("dt", { text: name }), el("dd", {}, el("strong", { text: value }), el("span", { class: "muted", text: ` ${text}` }))))),
    distanceChart(answer));
}

function compareWithThreshold(threshold, distance, format) {
  if (threshold === null) return "there is no threshold yet";
  return `${distance <= threshold ? "within" : "beyond"} the threshold of ${format(threshold)}`;
}

// The nearest people by distance; beyond the threshold a person is unknown.
function distanceChart(answer) {
  const { matches, threshold } = answer, format = distanceFormat(answer);
  const max = Math.max(...matches.map((match) => match.distance), threshold ?? 0) * 1.08 || 1;
  const x = (distance) => 10 + (distance / max) * 380;
  const distances = matches.map((match) => `${match.person} at ${format(match.distance)}`).join(", ");
  const label = `Distances: ${distances}${threshold === null ? "" : `; unknown beyond ${format(threshold)}`}.`;
  const parts = [svg("line", { class: "axis", x1: 10, x2: 390, y1: 30, y2: 30 })];
  if (threshold !== null) {
    const isRight = x(threshold) > 250;
    parts.push(
      svg("rect", { class: "beyond", x: x(threshold), y: 16, width: Math.max(0, 390 - x(threshold)), height: 28 }),
      svg("line", { class: "threshold", x1: x(threshold), x2: x(threshold), y1: 12, y2: 48 }),
      svg("text", { class: "tick", x: x(threshold) + (isRight ? -4 : 4), y: 58, "text-anchor": isRight ? "end" : "start", text: `unknown beyond ${format(threshold)}` }));
  }
  matches.forEach((match, i) => {
    const mark = i ? svg("circle", { class: "other", cx: x(match.distance), cy: 30, r: 5 }) : svg("path", { class: "first", d: diamond(x(match.distance), 30, 8) });
    mark.append(svg("title", { text: `${match.person}: ${format(match.distance)}` }));
    parts.push(mark);
  });
  const nearest = x(matches[0].distance);
  parts.push(svg("text", { class: "tick strong", x: nearest, y: 10, "text-anchor": nearest > 300 ? "end" : nearest < 60 ? "start" : "middle", text: shorten(matches[0].person) }));
  return svg("svg", { class: "scale", viewBox: "0 0 400 64", role: "img", "aria-label": label }, parts);
}

const diamond = (x, y, r) => `M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}Z`;
const shorten = (name) => (name.length > 28 ? `${name.slice(0, 27)}…` : name);

/** List the nearest people; `onChoose(match, recording)` is called for the one to compare with. */
export function nearestPeople(answer, onChoose) {
  if (!answer.matches.length) return null;
  const buttons = [], format = distanceFormat(answer);
  const choose = (chosen, match, recording) => {
    buttons.forEach((each) => each.setAttribute("aria-pressed", String(each === chosen)));
    onChoose(match, recording);
  };
  const rows = answer.matches.map((match, rank) => {
    const recordings = match.recordings.slice(0, rank ? 1 : match.recordings.length).map((recording) => {
      const node = el("button", { type: "button", class: "near", "aria-pressed": "false", on: { click: () => choose(node, match, recording) } },
        el("span", { class: "source", text: recording.source }), el("span", { class: "number", text: format(recording.distance) }));
      buttons.push(node);
      return el("li", {}, node);
    });
    const facts = [match.probability === null ? null : `probability ${decimals(match.probability)}`, `distance ${format(match.distance)}`];
    return el("li", { class: "match" },
      el("div", { class: "row between" }, el("span", { class: "row" }, match.recordings.length ? poster({ recording: match.recordings[0].id }) : null, el("strong", { text: match.person })), el("span", { class: "muted", text: facts.filter(Boolean).join(", ") })),
      el("ul", { class: "plain", "aria-label": `Nearest recordings of ${match.person}; choose one to compare with` }, recordings));
  });
  if (answer.nobody !== null) {
    rows.push(el("li", { class: "match row between" }, el("strong", { text: "Not enrolled" }), el("span", { class: "muted", text: `probability ${decimals(answer.nobody)}` })));
  }
  return { list: el("ol", { class: "matches" }, rows), chooseFirst: () => buttons[0] && choose(buttons[0], answer.matches[0], answer.matches[0].recordings[0]) };
}
