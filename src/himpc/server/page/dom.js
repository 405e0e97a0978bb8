// Creation of elements. Text is always set as text, so that no name or file can become HTML.

/** Create an element. `props` are attributes; `text` sets its text, `on` its listeners by event. */
export const el = (tag, props, ...children) => build(document.createElement(tag), props, children);

/** Create an SVG element. */
export const svg = (tag, props, ...children) => build(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);

function build(node, props = {}, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name === "text") node.textContent = value;
    else if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

export const button = (text, click, props = {}) => el("button", { type: "button", text, on: { click }, ...props });

let lastId = 0;
/** Return a unique id. */
export const newId = (stem) => `${stem}-${++lastId}`;

/** A label above its control, with an optional hint below. */
export function field(text, control, hint = "") {
  control.id ||= newId("field");
  const note = hint ? el("small", { id: newId("hint"), text: hint }) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return el("div", { class: "field" }, el("label", { for: control.id, text }), control, note);
}

/** A label beside its checkbox. */
export function checkbox(text, checked, change) {
  const box = el("input", { type: "checkbox", checked, on: { change: () => change(box.checked) } });
  return el("label", { class: "check" }, box, el("span", { text }));
}

/** Announce a text to screen readers. */
export function announce(text) {
  const live = document.getElementById("live");
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 60);
}

/** A line for an error message, hidden while there is none. */
export function errorLine() {
  const line = el("p", { class: "problem", role: "alert", hidden: true });
  return {
    line,
    show(error) { line.textContent = error.message; line.hidden = false; },
    clear() { line.textContent = ""; line.hidden = true; },
  };
}

export const count = (n, singular, plural) => `${n.toLocaleString("en")} ${n === 1 ? singular : plural}`;
export const countPeople = (n) => count(n, "person", "people");
export const countRecordings = (n) => count(n, "recording", "recordings");
export const byName = (a, b) => a.localeCompare(b, "en", { numeric: true });
export const prefersReducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
