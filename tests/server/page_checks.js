// Accessibility checks, run in the page.
(() => {
  const shown = (node) => node.checkVisibility({ visibilityProperty: true, opacityProperty: false }) && node.getClientRects().length > 0;
  const controls = () => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, canvas[tabindex], [tabindex='0']")].filter(shown);

  const nameOf = (node) => {
    const by = node.getAttribute("aria-labelledby");
    if (by) return by.split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ").trim();
    if (node.getAttribute("aria-label")) return node.getAttribute("aria-label").trim();
    if (node.labels?.length) return [...node.labels].map((label) => label.textContent).join(" ").trim();
    return node.textContent.trim();
  };

  const numbers = (colour) => {
    const [r, g, b, a = 1] = colour.match(/[\d.]+/g).map(Number);
    return colour.startsWith("color(srgb") ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
  };
  const over = ([r, g, b, a], [r2, g2, b2]) => [r * a + r2 * (1 - a), g * a + g2 * (1 - a), b * a + b2 * (1 - a)];
  const behind = (node) => {
    if (!node) return [255, 255, 255];
    const colour = numbers(getComputedStyle(node).backgroundColor);
    return colour[3] === 1 ? colour.slice(0, 3) : over(colour, behind(node.parentElement));
  };
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => {
    const [high, low] = [light(a), light(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };

  window.checks = {
    controls: () => controls().length,
    unnamed: () => controls().filter((node) => !nameOf(node)).map((node) => node.outerHTML.slice(0, 120)),
    duplicateIds: () => { const ids = [...document.querySelectorAll("[id]")].map((node) => node.id); return ids.filter((id, i) => ids.indexOf(id) !== i); },
    // Text of too little contrast: WCAG 2.2, 1.4.3: 4.5 to 1, or 3 to 1 for large text.
    lowContrast: () => {
      const found = [];
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let text = walk.nextNode(); text; text = walk.nextNode()) {
        const node = text.parentElement;
        if (!text.textContent.trim() || !shown(node) || node.closest(":disabled, .hidden, .skip, option, svg title")) continue;
        const style = getComputedStyle(node);
        const ink = numbers(node.closest("svg") ? style.fill : style.color), ground = behind(node.closest("svg")?.parentElement ?? node);
        const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
        const ratio = contrast(over(ink, ground), ground);
        if (ratio < (large ? 3 : 4.5)) found.push(`${ratio.toFixed(2)}: ${text.textContent.trim().slice(0, 60)}`);
      }
      return found;
    },
    // Small targets: WCAG 2.2, 2.5.8: 24 by 24 pixels.
    smallTargets: () => controls().filter((node) => !node.closest(".drop") && !node.matches(".skip, p a")).map((node) => [node, (node.closest("label") ?? node).getBoundingClientRect()])
      .filter(([, box]) => box.width < 24 || box.height < 24).map(([node]) => node.outerHTML.slice(0, 120)),
    overflow: () => document.documentElement.scrollWidth - innerWidth,
    markControls: () => { controls().forEach((node, i) => { node.dataset.visit = i; }); },
    // Record the focused control; false if it was recorded before, or the focus has left the page.
    visitFocused: () => {
      const node = document.activeElement;
      if (node === document.body || node.dataset.visit === "seen") return false;
      node.dataset.visit = "seen";
      return true;
    },
    unvisited: () => controls().filter((node) => !node.disabled && node.dataset.visit !== "seen").map((node) => node.outerHTML.slice(0, 120)),
    painted: (canvas) => { const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data; let n = 0; for (let i = 3; i < data.length; i += 4) n += data[i] > 0; return n; },
  };
})();
