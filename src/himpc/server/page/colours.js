// A colour and a shape for each person, the same in every view; twelve hues times five shapes tell 60 people apart.
const HUES = [174, 24, 262, 340, 92, 210, 48, 300, 140, 0, 232, 70];
export const SHAPES = ["circle", "square", "diamond", "triangle", "cross"];

/** Return a function that gives each name {colour, shape}. */
export function palette(names, dark) {
  const place = new Map([...names].sort((a, b) => a.localeCompare(b, "en", { numeric: true })).map((name, i) => [name, i]));
  return (name) => {
    const i = place.get(name) ?? 0;
    const lightness = dark ? 68 : 38;
    return { colour: `hsl(${HUES[i % HUES.length]} ${dark ? 62 : 68}% ${lightness}%)`, shape: SHAPES[Math.floor(i / HUES.length) % SHAPES.length] };
  };
}

/** Draw a shape of radius r at a place. */
export function mark(draw, shape, x, y, r) {
  draw.beginPath();
  if (shape === "circle") draw.arc(x, y, r, 0, 2 * Math.PI);
  else if (shape === "square") draw.rect(x - r * 0.88, y - r * 0.88, r * 1.76, r * 1.76);
  else {
    const points = {
      diamond: [[0, -1.25], [1.25, 0], [0, 1.25], [-1.25, 0]],
      triangle: [[0, -1.25], [1.2, 0.9], [-1.2, 0.9]],
      cross: [[-0.4, -1.2], [0.4, -1.2], [0.4, -0.4], [1.2, -0.4], [1.2, 0.4], [0.4, 0.4], [0.4, 1.2], [-0.4, 1.2], [-0.4, 0.4], [-1.2, 0.4], [-1.2, -0.4], [-0.4, -0.4]],
    }[shape];
    points.forEach(([dx, dy], i) => draw[i ? "lineTo" : "moveTo"](x + dx * r, y + dy * r));
    draw.closePath();
  }
  draw.fill();
}
