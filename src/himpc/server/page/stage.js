// A canvas on which one walker stands in perspective.

/** The view that stages share, so that two walkers are always seen from the same side. */
export const newCamera = () => ({ yaw: 0.6, pitch: 0.13, near: 2.9 });

const LINE = 5; // pixels of a bone at a distance of 2.9 m

/** Return the colour of a weight in [0, 1], from the page's two weight colours. */
export function weightColour(weight) {
  const style = getComputedStyle(document.documentElement);
  const [low, high] = ["--weight-low", "--weight-high"].map((name) => rgb(style.getPropertyValue(name).trim()));
  return `rgb(${low.map((value, i) => Math.round(value + weight * (high[i] - value))).join(" ")})`;
}

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

export class Stage {
  constructor(canvas, camera, redraw) {
    Object.assign(this, { canvas, camera });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.held = [event.clientX, event.clientY];
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.held) return;
      this.turn((event.clientX - this.held[0]) * 0.01, (event.clientY - this.held[1]) * 0.006);
      this.held = [event.clientX, event.clientY];
      redraw();
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { this.held = null; });
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && document.activeElement !== canvas) return; // the page scrolls, unless the walker is chosen
      event.preventDefault();
      this.zoom(Math.exp(event.deltaY * 0.001));
      redraw();
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      if (this.key(event.key)) {
        event.preventDefault();
        redraw();
      }
    });
  }

  key(key) {
    const turns = { ArrowLeft: [-0.12, 0], ArrowRight: [0.12, 0], ArrowUp: [0, -0.08], ArrowDown: [0, 0.08] };
    if (turns[key]) this.turn(...turns[key]);
    else if (key === "+" || key === "=") this.zoom(1 / 1.15);
    else if (key === "-") this.zoom(1.15);
    else return false;
    return true;
  }

  turn(yaw, pitch) {
    this.camera.yaw += yaw;
    this.camera.pitch = Math.min(1.4, Math.max(-0.1, this.camera.pitch + pitch));
  }

  zoom(factor) { this.camera.near = Math.min(12, Math.max(1.6, this.camera.near * factor)); }

  /** Draw a pose; `weight` colours it, or null colours its sides. */
  draw(pose, model, weight) {
    const { canvas } = this;
    const scale = devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * scale), height = Math.round(canvas.clientHeight * scale);
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const draw = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    draw.clearRect(0, 0, width, height);
    const see = this.lens(width, height);
    grid(draw, see, colour("--grid"), scale);
    if (pose) bones(draw, see, pose, model, weight, colour, scale);
  }

  lens(width, height) {
    const { yaw, pitch, near } = this.camera;
    const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
    const focal = Math.min(height * 1.42, width * 2);
    return ([x, y, z]) => {
      const across = cy * x - sy * z, towards = sy * x + cy * z, up = y - 0.8;
      const depth = near - (cp * towards + sp * up);
      if (depth < 0.2) return null;
      return [width / 2 + (focal * across) / depth, height / 2 - (focal * (cp * up - sp * towards)) / depth, depth];
    };
  }
}

function grid(draw, see, colour, scale) {
  draw.strokeStyle = colour;
  draw.lineWidth = scale;
  draw.setLineDash([]);
  for (let at = -1; at <= 1.001; at += 0.5) {
    line(draw, see([at, 0, -1]), see([at, 0, 1]));
    line(draw, see([-1, 0, at]), see([1, 0, at]));
  }
}

function line(draw, from, to) {
  if (!from || !to) return;
  draw.beginPath();
  draw.moveTo(from[0], from[1]);
  draw.lineTo(to[0], to[1]);
  draw.stroke();
}

// Left is a full line with full joints, right a broken line with hollow ones: sides are told without colour.
function bones(draw, see, pose, model, weight, colour, scale) {
  const side = pose.map((_, j) => (model.left.includes(j) ? "left" : model.right.includes(j) ? "right" : "middle"));
  const points = pose.map((joint) => joint && see(joint));
  const paint = (j) => (weight === null ? colour(`--${side[j]}`) : weightColour(weight));
  const links = model.parents
    .map((parent, child) => ({ parent, child }))
    .filter(({ parent, child }) => parent >= 0 && points[parent] && points[child])
    .sort((a, b) => points[b.child][2] + points[b.parent][2] - points[a.child][2] - points[a.parent][2]);
  draw.lineCap = "round";
  for (const { parent, child } of links) {
    const thick = (LINE * scale * 5.8) / (points[child][2] + points[parent][2]);
    draw.strokeStyle = paint(child);
    draw.lineWidth = thick;
    draw.setLineDash(side[child] === "right" ? [thick * 0.9, thick * 2.1] : []);
    line(draw, points[parent], points[child]);
  }
  draw.setLineDash([]);
  points.forEach((point, j) => {
    if (!point) return;
    const radius = (LINE * 0.85 * scale * 2.9) / point[2];
    draw.beginPath();
    draw.arc(point[0], point[1], radius, 0, 2 * Math.PI);
    draw.fillStyle = side[j] === "right" ? colour("--surface") : paint(j);
    draw.fill();
    draw.strokeStyle = paint(j);
    draw.lineWidth = 1.6 * scale;
    draw.stroke();
  });
}
