// Elements are made here and nowhere else: text goes in as text, so that no name or file can become HTML.

/** Return a new element. `props` are attributes, but for `text`, `on` (listeners by event) and true or false. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  set(node, props);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

/** The same for parts of a drawing. */
export function svg(tag, props = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(node, props);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

function set(node, props) {
  for (const [name, value] of Object.entries(props)) {
    if (name === "text") node.textContent = value;
    else if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
}

export const button = (text, click, props = {}) => el("button", { type: "button", text, on: { click }, ...props });

let last = 0;
/** Return an id that no other element has. */
export const newId = (stem) => `${stem}-${++last}`;

/** A label above its control. */
export function field(text, control, hint = "") {
  control.id ||= newId("field");
  const note = hint ? el("small", { id: newId("hint"), text: hint }) : null;
  if (note) control.setAttribute("aria-describedby", note.id);
  return el("div", { class: "field" }, el("label", { for: control.id, text }), control, note);
}

/** A label beside its checkbox. */
export function check(text, checked, change) {
  const box = el("input", { type: "checkbox", checked, on: { change: () => change(box.checked) } });
  return el("label", { class: "check" }, box, el("span", { text }));
}

/** Say something to those who listen to the page. */
export function say(text) {
  const live = document.getElementById("live");
  live.textContent = "";
  setTimeout(() => { live.textContent = text; }, 60);
}

/** A line where something went wrong, in the words of the server; hidden while there is none. */
export function problem() {
  const line = el("p", { class: "problem", role: "alert", hidden: true });
  return {
    line,
    show(error) { line.textContent = error.message; line.hidden = false; },
    clear() { line.textContent = ""; line.hidden = true; },
  };
}

export const count = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
export const people = (n) => count(n, "person", "people");
export const recordings = (n) => count(n, "recording", "recordings");
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
