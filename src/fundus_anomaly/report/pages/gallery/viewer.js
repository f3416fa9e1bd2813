"use strict";
// One photograph in full size; the arrows lead to those that are shown before and after it.
(() => {
  const viewer = byId("viewer");
  const stage = byId("stage");
  const large = byId("large");
  let current = null;

  function layer(kind, source, alt) {
    const image = document.createElement("img");
    image.className = kind;
    image.alt = alt;
    image.src = source;
    return image;
  }

  function show(card) {
    current = card;
    const addressOf = (kind) => card.querySelector(`img.${kind}`).getAttribute("src");
    const photograph = layer("photograph", card.querySelector(".frame").getAttribute("href"), `photograph ${card.dataset.id}`);
    photograph.addEventListener("load", () => large.style.setProperty("--width", `${photograph.naturalWidth}px`));
    const parts = [photograph];
    // Not all photographs have a heat map.
    if (card.dataset.heat) parts.push(layer("heat", card.dataset.heat, ""), layer("contour", addressOf("contour"), ""));
    if (card.querySelector("img.truth")) parts.push(layer("truth", addressOf("truth"), ""));
    large.replaceChildren(...parts);
    large.classList.remove("full");
    byId("shown").textContent = card.dataset.id;
    byId("facts").replaceChildren(...[...card.querySelectorAll(".facts > span")].map((fact) => fact.cloneNode(true)));
    mark(card, opinionsOf(viewer));
    const all = shownCards();
    byId("before").disabled = card === all[0];
    byId("next").disabled = card === all[all.length - 1];
    if (!viewer.open) viewer.showModal();
    stage.focus();
  }

  function go(step) {
    const all = shownCards();
    const next = all[all.indexOf(current) + step];
    if (next) show(next);
  }

  function opineHere(note) {
    opine(current, note);
    mark(current, opinionsOf(viewer));
  }

  function enlarge(event) {
    const box = large.getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    if (large.classList.toggle("full")) {
      stage.scrollTo(x * large.offsetWidth - stage.clientWidth / 2, y * large.offsetHeight - stage.clientHeight / 2);
    }
  }

  for (const card of cards) {
    card.querySelector(".frame").addEventListener("click", (event) => {
      event.preventDefault();
      show(card);
    });
    card.querySelector(".frame").tabIndex = -1;
    card.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target === card) show(card);
    });
  }
  large.addEventListener("click", enlarge);
  byId("close").addEventListener("click", () => viewer.close());
  byId("before").addEventListener("click", () => go(-1));
  byId("next").addEventListener("click", () => go(1));
  for (const button of opinionsOf(viewer)) button.addEventListener("click", () => opineHere(button.dataset.note));
  viewer.addEventListener("close", () => current.focus());
  viewer.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const scrolls = large.classList.contains("full") && event.target === stage;
    const view = { o: "overlay", h: "heat", c: "contour", p: "plain" }[event.key];
    const note = { 1: "agree", 2: "disagree", 3: "cannot judge" }[event.key];
    if (event.key === "ArrowRight" && !scrolls) go(1);
    else if (event.key === "ArrowLeft" && !scrolls) go(-1);
    else if (note) opineHere(note);
    else if (view) {
      document.querySelector(`input[name=view][value=${view}]`).checked = true;
      paint();
    } else return;
    event.preventDefault();
  });
})();
