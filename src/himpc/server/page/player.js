// Walkers that play, side by side and in step, with their timeline.
import { button, calm, check, el, newId } from "./dom.js";
import { newCamera, Stage, weightColour } from "./stage.js";
import { inStep, partner } from "./sync.js";
import { makeWalker, placed } from "./walker.js";

const SPEEDS = [0.25, 0.5, 1, 2];
const HELP = "Drag or use the arrow keys to turn, plus and minus to zoom.";

export class Player {
  constructor() {
    this.camera = newCamera();
    this.options = { onTheSpot: true, oneHeading: true, byWeight: true };
    this.time = 0;
    this.speed = 1;
    this.playing = false;
    this.sides = [this.side(), this.side()];
    this.node = el("div", { class: "player" },
      el("div", { class: "stages" }, this.sides.map((side) => side.figure)), this.controls(), this.legend());
    this.watch = new ResizeObserver(() => this.draw());
    for (const side of this.sides) this.watch.observe(side.canvas);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.redraw = () => this.draw();
    this.scheme.addEventListener("change", this.redraw);
  }

  side() {
    const canvas = el("canvas", { tabindex: 0, role: "application", "aria-roledescription": "turnable picture" });
    const title = el("figcaption");
    const note = el("p", { class: "muted stage-note", hidden: true });
    const figure = el("figure", {}, title, canvas, note);
    return { canvas, title, note, figure, stage: new Stage(canvas, this.camera, () => this.draw()), walker: null };
  }

  controls() {
    this.play = button("Play", () => this.run(!this.playing), { class: "primary play" });
    this.scrub = el("input", {
      type: "range", min: 0, max: 1000, value: 0, "aria-label": "Time",
      on: { input: () => { this.run(false); this.time = (this.scrub.value / 1000) * this.seconds(); this.draw(); } },
    });
    this.clock = el("output", { class: "clock" });
    this.strip = el("canvas", { class: "strip", "aria-hidden": "true" });
    const speed = el("select", { id: newId("speed"), on: { change: () => { this.speed = Number(speed.value); } } },
      SPEEDS.map((value) => el("option", { value, text: `${value} ×`, selected: value === 1 })));
    const option = (text, name) => check(text, true, (on) => { this.options[name] = on; this.draw(); });
    return el("div", { class: "controls" },
      el("div", { class: "timeline" }, this.play, el("div", { class: "track" }, this.scrub, this.strip), this.clock),
      el("div", { class: "row" },
        el("label", { class: "check", for: speed.id, text: "Speed" }), speed,
        option("On the spot", "onTheSpot"), option("Facing the same way", "oneHeading"), option("Colour by weight", "byWeight")));
  }

  legend() {
    this.ramp = el("canvas", { class: "ramp", width: 60, height: 10, "aria-hidden": "true" });
    this.together = el("span", { text: " To stay in step, the second walker may go a little faster or slower." });
    this.range = [el("span"), el("span")];
    return el("p", { class: "legend muted" },
      "Left is a full line with full joints, right a broken line with hollow joints. The bars under the timeline, and " +
      "the colour, are the weight of each frame by hard skeleton mining, from ", this.range[0], " ", this.ramp, " to ",
      this.range[1], ": frames that agree least with the person weigh most.", this.together);
  }

  /** Show one walker, or two: `first` and `second` are {skeleton, who, source}, `moment` says which two frames are alike. */
  show(model, first, second = null, moment = null) {
    this.put(0, model, first);
    this.pair(model, second, moment);
    this.time = 0;
    this.run(!calm());
  }

  /** Put another walker beside the first, who goes on walking. */
  pair(model, second, moment) {
    this.put(1, model, second);
    const [one, other] = this.sides;
    this.pairs = one.walker && other.walker ? inStep(one.walker, other.walker, moment) : [];
    this.together.hidden = !this.pairs.length;
    this.draw();
  }

  put(place, model, shown) {
    const side = this.sides[place];
    side.figure.hidden = !shown;
    side.walker = shown?.skeleton?.joints?.length ? makeWalker(shown.skeleton, model) : null;
    side.start = side.walker?.middleAt(0);
    if (!shown) return;
    side.title.replaceChildren(el("strong", { text: shown.who }), el("span", { text: shown.source, title: shown.source }));
    side.canvas.setAttribute("aria-label", `Skeleton: ${shown.who}, ${shown.source}. ${HELP}`);
    side.canvas.hidden = !side.walker;
    side.note.hidden = Boolean(side.walker);
    side.note.textContent = shown.note ?? "";
  }

  seconds() { return this.sides[0].walker?.seconds ?? 1; }

  run(on) {
    this.playing = on && Boolean(this.sides[0].walker);
    this.play.textContent = this.playing ? "Pause" : "Play";
    this.last = null;
    cancelAnimationFrame(this.frame);
    if (this.playing) this.frame = requestAnimationFrame((now) => this.step(now));
    else this.draw();
  }

  step(now) {
    if (!this.node.isConnected) return this.run(false);
    if (this.node.offsetParent !== null || this.node.closest("dialog")) {
      this.time += this.last === null ? 0 : Math.min(0.1, (now - this.last) / 1000) * this.speed;
      if (this.time > this.seconds()) this.time = 0;
      this.draw();
    }
    this.last = now;
    this.frame = requestAnimationFrame((next) => this.step(next));
  }

  draw() {
    const [one, other] = this.sides;
    const times = [this.time, other.walker && this.pairs.length ? partner(this.pairs, this.time) : this.time];
    [one, other].forEach(({ walker, stage, start }, place) => {
      if (!walker) return;
      const pose = placed(walker, times[place], { ...this.options, start });
      stage.draw(pose, walker.model, this.options.byWeight ? walker.weightAt(times[place]) : null);
    });
    if (!one.walker) return;
    this.scrub.value = Math.round((this.time / this.seconds()) * 1000);
    const clock = `${this.time.toFixed(1)} of ${this.seconds().toFixed(1)} s`;
    this.scrub.setAttribute("aria-valuetext", clock);
    this.clock.textContent = one.walker.timed ? clock : `${clock}, at 30 frames a second`;
    this.weights(one.walker.weights);
    this.key(one.walker);
  }

  weights(weights) {
    const { strip } = this;
    const scale = devicePixelRatio || 1;
    const width = Math.round(strip.clientWidth * scale), height = Math.round(strip.clientHeight * scale);
    if (!width || !weights.length) return;
    [strip.width, strip.height] = [width, height];
    const draw = strip.getContext("2d");
    weights.forEach((weight, i) => {
      const left = (i / weights.length) * width, tall = (0.15 + 0.85 * weight) * height;
      draw.fillStyle = weightColour(weight);
      draw.fillRect(left, height - tall, Math.max(1, width / weights.length - (width > weights.length * 4 * scale ? scale : 0)), tall);
    });
  }

  key({ least, most }) {
    [least, most].forEach((weight, i) => { this.range[i].textContent = weight.toFixed(2); });
    const draw = this.ramp.getContext("2d");
    for (let x = 0; x < 60; x += 1) {
      draw.fillStyle = weightColour(x / 59);
      draw.fillRect(x, 0, 1, 10);
    }
  }

  close() {
    this.run(false);
    this.watch.disconnect();
    this.scheme.removeEventListener("change", this.redraw);
  }
}
