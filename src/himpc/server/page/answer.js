// An answer in words and small pictures: who it is, how sure, and why.
import { el, svg } from "./dom.js";

const share = (value) => value.toFixed(2);
const percent = (value) => `${Math.round(value * 100)} %`;

/** The answer as a sentence: "Ann, probability 0.93". */
export function verdict(answer) {
  if (answer.person !== null) return { head: answer.person, rest: chance(answer.probability, ", probability ") };
  if (!answer.windows) return { head: "No answer", rest: ": the recording is too short" };
  if (answer.threshold === null && answer.matches.length) {
    return { head: `Nearest is ${answer.matches[0].person}`, rest: "; whether it matches cannot be told yet" };
  }
  return { head: "Unknown", rest: `, nobody of the gallery${chance(answer.probability, ": ")}` };
}

const chance = (probability, before) => (probability === null ? "" : before + share(probability));

export function verdictText(answer) {
  const { head, rest } = verdict(answer);
  return head + rest;
}

/** Why: margin, agreement and the distance beside the line of the unknown. */
export function reasons(answer) {
  const [first, second] = answer.matches;
  if (!first) return el("p", { text: answer.note || "There is nobody to compare with." });
  const agree = Math.round(first.agreement * answer.windows);
  const facts = [
    ["Margin", percent(answer.margin), second ? `nearer than ${second.person}, the second` : "there is no second person"],
    ["Agreement", percent(first.agreement), `${agree} of ${answer.windows} windows are nearest to ${first.person}`],
    ["Distance", share(first.distance), distanceWords(answer, first)],
  ];
  return el("div", {},
    answer.note ? el("p", { class: "note", text: answer.note }) : null,
    el("dl", { class: "facts" }, facts.map(([name, value, words]) => el("div", {}, el("dt", { text: name }), el("dd", {}, el("strong", { text: value }), el("span", { class: "muted", text: ` ${words}` }))))),
    scale(answer));
}

function distanceWords(answer, first) {
  if (answer.threshold === null) return "there is no threshold yet";
  return `${first.distance <= answer.threshold ? "within" : "beyond"} the threshold of ${share(answer.threshold)}`;
}

// The nearest people on a line of distance; beyond the threshold everybody is unknown.
function scale(answer) {
  const { matches, threshold } = answer;
  const far = Math.max(...matches.map((match) => match.distance), threshold ?? 0) * 1.08 || 1;
  const x = (distance) => 10 + (distance / far) * 380;
  const words = matches.map((match) => `${match.person} at ${share(match.distance)}`).join(", ");
  const said = `Distances: ${words}${threshold === null ? "" : `; unknown beyond ${share(threshold)}`}.`;
  const parts = [svg("line", { class: "axis", x1: 10, x2: 390, y1: 30, y2: 30 })];
  if (threshold !== null) {
    const right = x(threshold) > 250;
    parts.push(
      svg("rect", { class: "beyond", x: x(threshold), y: 16, width: Math.max(0, 390 - x(threshold)), height: 28 }),
      svg("line", { class: "threshold", x1: x(threshold), x2: x(threshold), y1: 12, y2: 48 }),
      svg("text", { class: "tick", x: x(threshold) + (right ? -4 : 4), y: 58, "text-anchor": right ? "end" : "start", text: `unknown beyond ${share(threshold)}` }));
  }
  matches.forEach((match, i) => {
    const shape = i ? svg("circle", { class: "other", cx: x(match.distance), cy: 30, r: 5 }) : svg("path", { class: "first", d: diamond(x(match.distance), 30, 8) });
    shape.append(svg("title", { text: `${match.person}: ${share(match.distance)}` }));
    parts.push(shape);
  });
  const best = x(matches[0].distance);
  parts.push(svg("text", { class: "tick strong", x: best, y: 10, "text-anchor": best > 300 ? "end" : best < 60 ? "start" : "middle", text: short(matches[0].person) }));
  return svg("svg", { class: "scale", viewBox: "0 0 400 64", role: "img", "aria-label": said }, parts);
}

const diamond = (x, y, r) => `M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}Z`;
const short = (name) => (name.length > 28 ? `${name.slice(0, 27)}…` : name);

/** The nearest people; `choose(match, near)` is called for the one to walk beside. */
export function nearest(answer, choose) {
  if (!answer.matches.length) return null;
  const buttons = [];
  const pick = (chosen, match, near) => {
    buttons.forEach((each) => each.setAttribute("aria-pressed", String(each === chosen)));
    choose(match, near);
  };
  const rows = answer.matches.map((match, place) => {
    const near = match.recordings.slice(0, place ? 1 : match.recordings.length).map((recording) => {
      const node = el("button", { type: "button", class: "near", "aria-pressed": "false", on: { click: () => pick(node, match, recording) } },
        el("span", { class: "source", text: recording.source }), el("span", { class: "number", text: share(recording.distance) }));
      buttons.push(node);
      return el("li", {}, node);
    });
    return el("li", { class: "match" },
      el("div", { class: "row between" },
        el("strong", { text: match.person }),
        el("span", { class: "muted", text: [match.probability === null ? null : `probability ${share(match.probability)}`, `distance ${share(match.distance)}`].filter(Boolean).join(", ") })),
      el("ul", { class: "plain", "aria-label": `Nearest recordings of ${match.person}; choose one to walk beside` }, near));
  });
  if (Number.isFinite(answer.nobody)) {
    rows.push(el("li", { class: "match row between" }, el("strong", { text: "Nobody of the gallery" }), el("span", { class: "muted", text: `probability ${share(answer.nobody)}` })));
  }
  return { list: el("ol", { class: "matches" }, rows), first: () => buttons[0] && pick(buttons[0], answer.matches[0], answer.matches[0].recordings[0]) };
}
