// One walker, or two side by side and in step, with a timeline.
import { button, checkbox, el, newId, prefersReducedMotion } from "./dom.js";
import { createCamera, Stage, weightColour } from "./stage.js";
import { matchingTime, synchronise } from "./sync.js";
import { createWalker, placedPose } from "./walker.js";

const SPEEDS = [0.25, 0.5, 1, 2];
const RAMP_WIDTH = 60; // pixels
const MIN_WEIGHT_RANGE = 0.1; // weights that differ less are not shown
const HELP = "Drag or use the arrow keys to turn, plus and minus to zoom.";

// Weights that are nearly the same say nothing, and scaled to the full range they would mislead.
const hasWeights = ({ minWeight, maxWeight }) => maxWeight - minWeight >= MIN_WEIGHT_RANGE;

export class Player {
  constructor() {
    this.camera = createCamera();
    this.options = { onTheSpot: true, sameHeading: true, colourByWeight: true };
    this.time = 0;
    this.speed = 1;
    this.playing = false;
    this.sides = [this.createSide(), this.createSide()];
    this.node = el("div", { class: "player" },
      el("div", { class: "stages" }, this.sides.map((side) => side.figure)), this.createControls(), this.createLegend());
    this.redraw = () => this.draw();
    this.resizeObserver = new ResizeObserver(this.redraw);
    for (const side of this.sides) this.resizeObserver.observe(side.canvas);
    this.colourScheme = matchMedia("(prefers-color-scheme: dark)");
    this.colourScheme.addEventListener("change", this.redraw);
  }

  createSide() {
    const canvas = el("canvas", { tabindex: 0, role: "application", "aria-roledescription": "turnable picture" });
    const title = el("figcaption");
    const note = el("p", { class: "muted stage-note", hidden: true });
    const figure = el("figure", {}, title, canvas, note);
    return { canvas, title, note, figure, stage: new Stage(canvas, this.camera, () => this.draw()), walker: null };
  }

  createControls() {
    this.playButton = button("Play", () => this.run(!this.playing), { class: "primary play" });
    this.slider = el("input", {
      type: "range", min: 0, max: 1000, value: 0, "aria-label": "Time",
      on: { input: () => { this.run(false); this.time = (this.slider.value / 1000) * this.duration(); this.draw(); } },
    });
    this.clock = el("output", { class: "clock" });
    this.weightBars = el("canvas", { class: "strip", "aria-hidden": "true" });
    const speed = el("select", { id: newId("speed"), on: { change: () => { this.speed = Number(speed.value); } } },
      SPEEDS.map((value) => el("option", { value, text: `${value} ×`, selected: value === 1 })));
    const option = (text, name) => checkbox(text, true, (on) => { this.options[name] = on; this.draw(); });
    this.colourOption = option("Colour by weight", "colourByWeight");
    return el("div", { class: "controls" },
      el("div", { class: "timeline" }, this.playButton, el("div", { class: "track" }, this.slider, this.weightBars), this.clock),
      el("div", { class: "row" },
        el("label", { class: "check", for: speed.id, text: "Speed" }), speed,
        option("Walk on the spot", "onTheSpot"), option("Face the same way", "sameHeading"), this.colourOption));
  }

  createLegend() {
    this.ramp = el("canvas", { class: "ramp", width: RAMP_WIDTH, height: 10, "aria-hidden": "true" });
    this.syncNote = el("span", { text: " The second walker is slightly sped up or slowed down to stay in step." });
    this.weightRange = [el("span"), el("span")];
    this.weightLegend = el("span", {}, " The bars under the timeline and the colours show the weight of each frame by hard " +
      "skeleton mining, from ", this.weightRange[0], " ", this.ramp, " to ", this.weightRange[1],
      ": frames that agree least with the person weigh most.");
    return el("p", { class: "legend muted" },
      "Left limbs are solid lines with filled joints, right limbs are dashed lines with hollow joints.", this.weightLegend, this.syncNote);
  }

  /** Show one walker; `side` is {skeleton, title, source}. */
  show(model, side) {
    this.setSide(0, model, side);
    this.showSecond(model, null, null);
    this.time = 0;
    this.run(!prefersReducedMotion());
  }

  /** Show another walker beside the first; `moment` is a pair of similar windows, or null. */
  showSecond(model, side, moment) {
    this.setSide(1, model, side);
    const [first, second] = this.sides;
    this.pairs = first.walker && second.walker ? synchronise(first.walker, second.walker, moment) : [];
    this.syncNote.hidden = !this.pairs.length;
    this.draw();
  }

  setSide(index, model, content) {
    const side = this.sides[index];
    side.figure.hidden = !content;
    side.walker = content?.skeleton?.joints?.length ? createWalker(content.skeleton, model) : null;
    side.start = side.walker?.positionAt(0);
    if (!content) return;
    side.title.replaceChildren(el("strong", { text: content.title }), el("span", { text: content.source, title: content.source }));
    side.canvas.setAttribute("aria-label", `Skeleton: ${content.title}, ${content.source}. ${HELP}`);
    side.canvas.hidden = !side.walker;
    side.note.hidden = Boolean(side.walker);
    side.note.textContent = content.note ?? "";
  }

  duration() { return this.sides[0].walker?.duration ?? 1; }

  run(on) {
    this.playing = on && Boolean(this.sides[0].walker);
    this.playButton.textContent = this.playing ? "Pause" : "Play";
    this.lastTick = null;
    cancelAnimationFrame(this.animation);
    if (this.playing) this.animation = requestAnimationFrame((now) => this.tick(now));
    else this.draw();
  }

  tick(now) {
    if (!this.node.isConnected) return this.run(false);
    if (this.node.offsetParent !== null || this.node.closest("dialog")) {
      this.time += this.lastTick === null ? 0 : Math.min(0.1, (now - this.lastTick) / 1000) * this.speed;
      if (this.time > this.duration()) this.time = 0;
      this.draw();
    }
    this.lastTick = now;
    this.animation = requestAnimationFrame((next) => this.tick(next));
  }

  draw() {
    const [first, second] = this.sides;
    const times = [this.time, this.pairs?.length ? matchingTime(this.pairs, this.time) : this.time];
    [first, second].forEach(({ walker, stage, start }, index) => {
      if (!walker) return;
      const pose = placedPose(walker, times[index], { ...this.options, start });
      stage.draw(pose, walker.model, this.options.colourByWeight && hasWeights(walker) ? walker.weightAt(times[index]) : null);
    });
    if (!first.walker) return;
    this.slider.value = Math.round((this.time / this.duration()) * 1000);
    const clock = `${this.time.toFixed(1)} of ${this.duration().toFixed(1)} s`;
    this.slider.setAttribute("aria-valuetext", clock);
    this.clock.textContent = first.walker.hasFrameRate ? clock : `${clock}, at an assumed 30 frames per second`;
    const isWeighted = hasWeights(first.walker);
    for (const node of [this.weightBars, this.weightLegend, this.colourOption]) node.hidden = !isWeighted;
    if (!isWeighted) return;
    this.drawWeightBars(first.walker.weights);
    this.drawRamp(first.walker);
  }

  drawWeightBars(weights) {
    const canvas = this.weightBars;
    const scale = devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * scale), height = Math.round(canvas.clientHeight * scale);
    if (!width || !weights.length) return;
    [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    const gap = width > weights.length * 4 * scale ? scale : 0;
    weights.forEach((weight, i) => {
      const barHeight = (0.15 + 0.85 * weight) * height;
      context.fillStyle = weightColour(weight);
      context.fillRect((i / weights.length) * width, height - barHeight, Math.max(1, width / weights.length - gap), barHeight);
    });
  }

  drawRamp({ minWeight, maxWeight }) {
    [minWeight, maxWeight].forEach((weight, i) => { this.weightRange[i].textContent = weight.toFixed(2); });
    const context = this.ramp.getContext("2d");
    for (let x = 0; x < RAMP_WIDTH; x += 1) {
      context.fillStyle = weightColour(x / (RAMP_WIDTH - 1));
      context.fillRect(x, 0, 1, 10);
    }
  }

  close() {
    this.run(false);
    this.resizeObserver.disconnect();
    this.colourScheme.removeEventListener("change", this.redraw);
  }
}
