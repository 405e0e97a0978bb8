// A canvas that shows a pose in perspective.

/** Create the camera that stages share, so that two walkers are seen from the same side. */
export const createCamera = () => ({ yaw: 0.6, pitch: 0.13, distance: DEFAULT_DISTANCE });

const DEFAULT_DISTANCE = 2.9; // metres
const BONE_WIDTH = 5; // pixels at the default distance

/** Return the colour of a weight in [0, 1], between the two weight colours of the page. */
export function weightColour(weight) {
  const style = getComputedStyle(document.documentElement);
  const [low, high] = ["--weight-low", "--weight-high"].map((name) => parseHex(style.getPropertyValue(name).trim()));
  return `rgb(${low.map((value, i) => Math.round(value + weight * (high[i] - value))).join(" ")})`;
}

const parseHex = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

export class Stage {
  constructor(canvas, camera, redraw) {
    Object.assign(this, { canvas, camera });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pointer = [event.clientX, event.clientY];
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.pointer) return;
      this.turn((event.clientX - this.pointer[0]) * 0.01, (event.clientY - this.pointer[1]) * 0.006);
      this.pointer = [event.clientX, event.clientY];
      redraw();
    });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { this.pointer = null; });
    canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && document.activeElement !== canvas) return; // the page scrolls unless the canvas has the focus
      event.preventDefault();
      this.zoom(Math.exp(event.deltaY * 0.001));
      redraw();
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      if (this.handleKey(event.key)) {
        event.preventDefault();
        redraw();
      }
    });
  }

  handleKey(key) {
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

  zoom(factor) { this.camera.distance = Math.min(12, Math.max(1.6, this.camera.distance * factor)); }

  /** Draw a pose, coloured by a weight, or by sides if it is null. */
  draw(pose, model, weight) {
    const { canvas } = this;
    const scale = devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * scale), height = Math.round(canvas.clientHeight * scale);
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    const context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    const colour = (name) => style.getPropertyValue(name).trim();
    const project = this.projection(width, height);
    context.clearRect(0, 0, width, height);
    drawGrid(context, project, colour("--grid"), scale);
    drawBones(context, project, pose, model, weight, colour, scale);
  }

  // A function from a point in metres to [x, y, depth] on the canvas, or null behind the camera.
  projection(width, height) {
    const { yaw, pitch, distance } = this.camera;
    const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
    const focal = Math.min(height * 1.42, width * 2);
    return ([x, y, z]) => {
      const across = cy * x - sy * z, towards = sy * x + cy * z, up = y - 0.8;
      const depth = distance - (cp * towards + sp * up);
      if (depth < 0.2) return null;
      return [width / 2 + (focal * across) / depth, height / 2 - (focal * (cp * up - sp * towards)) / depth, depth];
    };
  }
}

function drawGrid(context, project, colour, scale) {
  context.strokeStyle = colour;
  context.lineWidth = scale;
  context.setLineDash([]);
  for (let at = -1; at <= 1.001; at += 0.5) {
    drawLine(context, project([at, 0, -1]), project([at, 0, 1]));
    drawLine(context, project([-1, 0, at]), project([1, 0, at]));
  }
}

function drawLine(context, from, to) {
  if (!from || !to) return;
  context.beginPath();
  context.moveTo(from[0], from[1]);
  context.lineTo(to[0], to[1]);
  context.stroke();
}

// Left limbs are solid with filled joints, right limbs dashed with hollow joints: sides are visible without colour.
function drawBones(context, project, pose, model, weight, colour, scale) {
  const side = pose.map((_, j) => (model.left.includes(j) ? "left" : model.right.includes(j) ? "right" : "middle"));
  const points = pose.map((joint) => joint && project(joint));
  const paint = (j) => (weight === null ? colour(`--${side[j]}`) : weightColour(weight));
  const width = BONE_WIDTH * scale * DEFAULT_DISTANCE;
  const depth = ({ parent, child }) => points[child][2] + points[parent][2];
  const bones = model.parents
    .map((parent, child) => ({ parent, child }))
    .filter(({ parent, child }) => parent >= 0 && points[parent] && points[child])
    .sort((a, b) => depth(b) - depth(a));
  context.lineCap = "round";
  for (const bone of bones) {
    const lineWidth = (2 * width) / depth(bone);
    context.strokeStyle = paint(bone.child);
    context.lineWidth = lineWidth;
    context.setLineDash(side[bone.child] === "right" ? [lineWidth * 0.9, lineWidth * 2.1] : []);
    drawLine(context, points[bone.parent], points[bone.child]);
  }
  context.setLineDash([]);
  points.forEach((point, j) => {
    if (!point) return;
    context.beginPath();
    context.arc(point[0], point[1], (0.85 * width) / point[2], 0, 2 * Math.PI);
    context.fillStyle = side[j] === "right" ? colour("--surface") : paint(j);
    context.fill();
    context.strokeStyle = paint(j);
    context.lineWidth = 1.6 * scale;
    context.stroke();
  });
}
