"use strict";
// Which photographs are shown, in which order and how they are painted.
const byId = (name) => document.getElementById(name);
const main = byId("photographs");
const cards = [...main.querySelectorAll(".card")];
const shownCards = () => [...main.querySelectorAll(".card:not([hidden])")];

function paint() {
  main.dataset.view = document.querySelector("input[name=view]:checked").value;
  byId("viewer").dataset.view = main.dataset.view;
  if (byId("truth")) for (const part of [main, byId("viewer")]) part.dataset.truth = byId("truth").checked ? "on" : "off";
  const percent = byId("opacity").value;
  for (const part of [main, byId("viewer")]) part.style.setProperty("--opacity", percent / 100);
  byId("percent").textContent = `${percent} %`;
}

function matches(card) {
  const [what, ...rest] = byId("filter").value.split(":");
  const wanted = rest.join(":");
  const found = what === "note" ? notes.of(card.dataset.id) : card.dataset[what] || "";
  const searched = byId("search").value.trim().toLowerCase();
  return (!what || found === wanted) && card.dataset.id.toLowerCase().includes(searched);
}

function choose() {
  for (const card of cards) card.hidden = !matches(card);
  const count = shownCards().length;
  byId("count").textContent = `${count} of ${cards.length}${document.querySelector("nav") ? " on this page" : ""}`;
  byId("none").hidden = count > 0;
}

function order() {
  const by = {
    score: (one, other) => other.dataset.score - one.dataset.score,
    low: (one, other) => one.dataset.score - other.dataset.score,
    id: (one, other) => (one.dataset.id < other.dataset.id ? -1 : 1),
  }[byId("order").value];
  main.append(...[...cards].sort(by));
}

/** Show a card's opinion on its buttons, and on others that stand for it. */
function mark(card, buttons) {
  const note = notes.of(card.dataset.id);
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.note === note));
  card.dataset.note = note;
}

const opinionsOf = (part) => part.querySelectorAll("[data-note]");

function opine(card, note) {
  notes.toggle(card, note);
  mark(card, opinionsOf(card));
  if (!notes.lasting()) byId("kept").textContent = "This browser keeps nothing: save them before you leave.";
}

function saveNotes() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([notes.csv()], { type: "text/csv;charset=utf-8" }));
  link.download = "notes.csv";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** Move to a neighbour in the grid: by one, or by a row. */
function move(card, key) {
  const all = shownCards();
  const top = all[0].offsetTop;
  const found = all.findIndex((one) => one.offsetTop !== top);
  const row = found < 0 ? all.length : found;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row }[key];
  const next = all[all.indexOf(card) + step];
  if (next) next.focus();
}

for (const input of document.querySelectorAll("#controls input:not([type=search])")) input.addEventListener("input", paint);
byId("filter").addEventListener("change", choose);
byId("search").addEventListener("input", choose);
byId("order").addEventListener("change", order);
byId("export").addEventListener("click", saveNotes);
for (const card of cards) {
  card.querySelector(".opinions").hidden = false;
  mark(card, opinionsOf(card));
  for (const button of opinionsOf(card)) button.addEventListener("click", () => opine(card, button.dataset.note));
}
main.addEventListener("keydown", (event) => {
  if (event.target.matches(".card") && event.key.startsWith("Arrow") && !event.altKey && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    move(event.target, event.key);
  }
});
byId("controls").hidden = false;
paint();
order();
choose();
