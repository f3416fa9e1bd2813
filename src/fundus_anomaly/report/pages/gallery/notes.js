"use strict";
// What a reader thinks of each photograph. It stays in this browser, by the folder of the pages.
const notes = (() => {
  const key = "fundus-anomaly notes " + location.pathname.replace(/[^/]*$/, "");
  let known = new Map();
  let lasting = true;

  function read() {
    try {
      const pairs = JSON.parse(localStorage.getItem(key) || "[]");
      if (Array.isArray(pairs)) known = new Map(pairs.filter((pair) => Array.isArray(pair) && pair.length === 2));
    } catch (error) {
      lasting = error instanceof SyntaxError;
    }
  }

  function write() {
    try {
      localStorage.setItem(key, JSON.stringify([...known]));
    } catch (error) {
      lasting = false;
    }
  }

  function cell(value) {
    // A spreadsheet runs what begins like a formula.
    const text = String(value);
    const safe = /^['\t\r\n]|^\s*[=+\-@＝＋－＠]/.test(text) && !/^-?[\d.]+(e[-+]?\d+)?$/i.test(text) ? "'" + text : text;
    return /[",\r\n]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
  }

  read();
  return {
    of: (id) => (known.get(id) || {}).note || "",
    lasting: () => lasting,
    /** Keep an opinion of a card, or drop it: another page of the folder may have written meanwhile. */
    toggle(card, note) {
      if (lasting) read();
      const { id, score, decision, label } = card.dataset;
      if ((known.get(id) || {}).note === note) known.delete(id);
      else known.set(id, { note, score, decision, label: label || "" });
      write();
    },
    /** Return all notes of the folder as CSV, with the mark by which spreadsheets know UTF-8. */
    csv() {
      const rows = [...known].sort().map(([id, { note, score, decision, label }]) => [id, note, score, decision, label]);
      const lines = [["id", "note", "score", "decision", "label"], ...rows].map((row) => row.map(cell).join(","));
      return "\ufeff" + lines.join("\r\n") + "\r\n";
    },
  };
})();
