import { Player } from "himpc/player.js";
const recordings = JSON.parse(document.getElementById("recordings").textContent);
const card = document.getElementById("player");
const player = new Player();
card.append(player.node);
const weighted = recordings.some(({ skeleton }) => skeleton.weights.length);
player.options.colourByWeight = weighted;
const side = ({ skeleton, title, source }) => ({ skeleton, title, source });
document.addEventListener("click", ({ target }) => {
  const numbers = target.closest?.("[data-play]")?.dataset.play.split(" ").map(Number);
  if (!numbers) return;
  card.hidden = false;
  const [first, second] = numbers.map((number) => recordings[number]);
  player.show(first.model, side(first));
  if (second) player.showSecond(second.model, side(second), null);
});
document.getElementById("close").addEventListener("click", () => { card.hidden = true; player.run(false); });
document.getElementById("filter")?.addEventListener("change", ({ target }) => {
  for (const row of document.querySelectorAll(".probe")) {
    row.hidden = target.value !== "all" && !row.classList.contains(target.value);
  }
});
