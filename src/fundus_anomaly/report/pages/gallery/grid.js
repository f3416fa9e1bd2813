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
  const lesion = byId("lesion") ? byId("lesion").value : "";
  const has = !lesion || (card.dataset.lesions || "").split(" ").includes(lesion);
  return (!what || found === wanted) && has && card.dataset.id.toLowerCase().includes(searched);
}

function choose() {
  for (const card of cards) card.hidden = !matches(card);
  const patients = [...main.querySelectorAll(".patient")];
  keepPatientsWhole(patients);
  const count = shownCards().length;
  const whole = patients.filter((one) => !one.hidden).length;
  const ofPatients = patients.length ? `, ${whole} patient${whole === 1 ? "" : "s"}` : "";
  byId("count").textContent = `${count} of ${cards.length}${document.querySelector("nav") ? " on this page" : ""}${ofPatients}`;
  byId("none").hidden = count > 0;
}

function arrange() {
  const by = {
    score: (one, other) => other.dataset.score - one.dataset.score,
    low: (one, other) => one.dataset.score - other.dataset.score,
    id: (one, other) => (one.dataset.id < other.dataset.id ? -1 : 1),
  }[byId("order").value];
  const sorted = [...cards].sort(by);
  const whole = byId("arranged") && byId("arranged").value === "patient";
  main.classList.toggle("patients", Boolean(whole));
  main.replaceChildren(...(whole ? patientsOf(sorted) : sorted));
  choose();
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

/** Move to a neighbour in the grid: by one, or to the nearest of the next row. */
function move(card, key) {
  const all = shownCards();
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
  const next = step ? all[all.indexOf(card) + step] : inNextRow(all, card, key === "ArrowDown" ? 1 : -1);
  if (next) next.focus();
}

function inNextRow(all, card, way) {
  const here = card.getBoundingClientRect();
  const boxes = all.map((one) => [one, one.getBoundingClientRect()]);
  const beyond = boxes.filter(([, box]) => way * (box.top - here.top) > 1);
  const row = Math.min(...beyond.map(([, box]) => way * box.top));
  const near = ([, box]) => Math.abs(box.left - here.left);
  const inRow = beyond.filter(([, box]) => way * box.top < row + 1).sort((one, other) => near(one) - near(other));
  return inRow.length ? inRow[0][0] : null;
}

for (const input of document.querySelectorAll("#controls input:not([type=search])")) input.addEventListener("input", paint);
byId("filter").addEventListener("change", choose);
byId("search").addEventListener("input", choose);
if (byId("lesion")) byId("lesion").addEventListener("change", choose);
byId("order").addEventListener("change", arrange);
if (byId("arranged")) byId("arranged").addEventListener("change", arrange);
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
arrange();
