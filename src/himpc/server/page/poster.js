// Small pictures of people: the skeleton of a recording from the front.
import { call } from "./api.js";
import { svg } from "./dom.js";

const MAX_POSTERS = 2000; // kept in memory
const loaded = new Map(); // promises by path
const pending = new Map(); // paths by picture

const observer = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    observer.unobserve(target);
    fill(target, pending.get(target));
    pending.delete(target);
  }
});

/** Create the picture of a recording {recording} or person {person}, which is loaded when it comes into view. */
export function poster(what) {
  const node = svg("svg", { class: "poster", viewBox: "-0.6 -2 1.2 2.1", "aria-hidden": "true", focusable: "false" });
  pending.set(node, what.recording ? `recordings/${what.recording}/poster` : `poster?person=${encodeURIComponent(what.person)}`);
  observer.observe(node);
  return node;
}

/** Forget the pictures of people, whose recordings may have changed. */
export function forgetPosters() {
  for (const path of loaded.keys()) if (path.startsWith("poster")) loaded.delete(path);
}

async function fill(node, path) {
  if (loaded.size > MAX_POSTERS) loaded.clear();
  if (!loaded.has(path)) loaded.set(path, call("GET", `api/${path}`).catch(() => null));
  const found = await loaded.get(path);
  if (!found) return; // without a stored skeleton, the place stays empty
  const height = Math.max(found.height, 0.5) * 1.12;
  node.setAttribute("viewBox", `${-height * 0.3} ${-height} ${height * 0.6} ${height * 1.04}`);
  node.append(...Object.entries(found.lines).flatMap(([side, lines]) => lines.map(([x1, y1, x2, y2]) => svg("line", { class: side, x1, y1: -y1, x2, y2: -y2, "stroke-width": height * 0.022 }))));
  if (found.head) node.append(svg("circle", { class: "middle", cx: found.head[0], cy: -found.head[1], r: height * 0.045 }));
}
