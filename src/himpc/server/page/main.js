// The page: its views, one of them visible.
import * as audit from "./audit.js";
import { call, galleryInfo, onRefresh, onTokenNeeded, refresh } from "./api.js";
import { askForToken } from "./dialogs.js";
import { countPeople, countRecordings } from "./dom.js";
import * as map from "./map.js";
import { buildPeople, revealPerson } from "./people.js";
import { forgetPosters } from "./poster.js";
import * as quality from "./quality.js";
import * as queue from "./queue.js";
import { buildSearch } from "./search.js";
import { showError } from "./undo.js";

const VIEWS = ["search", "queue", "people", "quality", "map", "audit"];
const LOADED_WHEN_SHOWN = { queue, quality, map, audit };
const byId = (id) => document.getElementById(id);

function showView(moveFocus) {
  const hash = location.hash.slice(1);
  if (hash === "main") return; // the skip link
  const name = VIEWS.includes(hash) ? hash : "search";
  for (const view of VIEWS) {
    byId(`view-${view}`).hidden = view !== name;
    const link = document.querySelector(`nav a[href="#${view}"]`);
    if (view === name) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${name[0].toUpperCase()}${name.slice(1)} – ${byId("gallery-name").textContent}`;
  LOADED_WHEN_SHOWN[name]?.update();
  if (moveFocus) byId(`title-${name}`).focus();
}

function describeGallery() {
  const { people, recordings, model, calibration, note } = galleryInfo();
  byId("gallery-counts").textContent = `${countPeople(people)}, ${countRecordings(recordings)}`;
  const threshold = calibration ? `Threshold ${calibration.threshold.toFixed(2)} at an ${calibration.measure} of ${Number(calibration.rate.toPrecision(2))}, calibrated on ${countPeople(calibration.persons)}.` : note;
  byId("model-note").textContent = `Model ${model.fingerprint.slice(0, 12)}, ${model.joints.length} joints (${model.layout}), windows of ${model.window_length} frames. ${threshold}`;
}

onTokenNeeded(askForToken);
onRefresh(describeGallery);
onRefresh(forgetPosters);
buildSearch(byId("view-search"));
buildPeople(byId("view-people"));
const showPerson = (name) => { location.hash = "#people"; setTimeout(() => revealPerson(name)); };
map.build(byId("view-map"), showPerson);
queue.buildQueue(byId("view-queue"));
quality.buildQuality(byId("view-quality"), showPerson);
audit.buildAudit(byId("view-audit"));
addEventListener("hashchange", () => showView(true));
for (const event of ["dragover", "drop"]) addEventListener(event, (drag) => drag.preventDefault()); // a file dropped elsewhere must not replace the page
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); byId("main").focus(); });
showView(false);
try {
  await refresh();
  byId("gallery-name").textContent = (await call("GET", "api/health")).gallery;
  showView(false);
} catch (error) {
  showError(error.message);
}
