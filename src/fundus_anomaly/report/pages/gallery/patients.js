"use strict";
// The photographs of one patient side by side: the right eye to the left, as one faces the patient.
const eyeOf = (card) => ({ right: 0, left: 1 })[card.dataset.eye] ?? 2;

/** Return the cards of each patient as an element of its own, the patients in the order of their first card. */
function patientsOf(sorted) {
  const found = new Map();
  for (const card of sorted) found.set(card.dataset.patient, [...(found.get(card.dataset.patient) || []), card]);
  return [...found.values()].map((own) => {
    const patient = document.createElement("div");
    patient.className = "patient";
    patient.setAttribute("role", "group");
    patient.setAttribute("aria-label", "one patient");
    patient.append(...own.sort((one, other) => eyeOf(one) - eyeOf(other)));
    return patient;
  });
}

/** Show whole patients: all photographs of those of whom any is wanted. */
function keepPatientsWhole(patients) {
  for (const patient of patients) {
    const own = [...patient.querySelectorAll(".card")];
    patient.hidden = own.every((card) => card.hidden);
    if (!patient.hidden) for (const card of own) card.hidden = false;
  }
}
