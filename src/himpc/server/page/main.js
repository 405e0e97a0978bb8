// The page: three views, of which one is shown.
import { onTokenNeeded } from "./api.js";
import { askToken } from "./dialogs.js";
import { people, recordings } from "./dom.js";
import * as map from "./map.js";
import { complain } from "./pending.js";
import { build as buildPeople, reveal } from "./people.js";
import { build as buildSearch } from "./search.js";
import { call } from "./api.js";
import { gallery, onRefresh, refresh } from "./state.js";

const VIEWS = ["search", "people", "map"];
const byId = (id) => document.getElementById(id);

function go(moveFocus) {
  const name = VIEWS.includes(location.hash.slice(1)) ? location.hash.slice(1) : location.hash === "#main" ? null : "search";
  if (name === null) return; // the skip link
  for (const view of VIEWS) {
    byId(`view-${view}`).hidden = view !== name;
    const link = document.querySelector(`nav a[href="#${view}"]`);
    if (view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${name[0].toUpperCase()}${name.slice(1)} – ${byId("gallery-name").textContent}`;
  if (name === "map") map.shown();
  if (moveFocus) byId(`title-${name}`).focus();
}

function head() {
  const { people: n, recordings: m, model, calibration, note } = gallery();
  byId("gallery-counts").textContent = `${people(n)}, ${recordings(m)}`;
  const sure = calibration ? `Threshold ${calibration.threshold.toFixed(2)} at a false match rate of ${Number(calibration.fmr.toPrecision(2))}, learned from ${people(calibration.persons)}.` : note;
  byId("model-note").textContent = `Model ${model.fingerprint.slice(0, 12)}, ${model.joints.length} joints (${model.layout}), windows of ${model.window_length} frames. ${sure}`;
}

onTokenNeeded(askToken);
onRefresh(head);
buildSearch(byId("view-search"));
buildPeople(byId("view-people"));
map.build(byId("view-map"), (name) => { location.hash = "#people"; setTimeout(() => reveal(name)); });
addEventListener("hashchange", () => go(true));
for (const event of ["dragover", "drop"]) addEventListener(event, (drag) => drag.preventDefault()); // a file dropped beside the box must not replace the page
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); byId("main").focus(); });
go(false);
try {
  await refresh();
  const { gallery: name } = await call("GET", "api/health");
  byId("gallery-name").textContent = name;
  go(false);
} catch (error) {
  complain(error.message);
}
