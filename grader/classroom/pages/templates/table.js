"use strict";
// Sorts a table by the column whose heading is clicked, and filters its rows by what is typed.
const MOST = 500; // rows that are shown at once: a browser takes seconds to lay out thousands
const collator = new Intl.Collator(undefined, { numeric: true });
function valueOf(row, column) {
  const cell = row.cells[column];
  const text = cell.dataset.value ?? cell.textContent.trim();
  const number = Number(text);
  return text !== "" && !Number.isNaN(number) ? number : text.toLowerCase();
}
function compare(a, b) {
  if (a === "" || b === "") return (a === "") - (b === "");
  if (typeof a === "number" && typeof b === "number") return a - b;
  return collator.compare(String(a), String(b));
}
function sortBy(table, heading) {
  const up = heading.getAttribute("aria-sort") !== "ascending";
  const column = heading.cellIndex;
  const rows = Array.from(table.tBodies[0].rows, (row) => [valueOf(row, column), row]);
  rows.sort((a, b) => {
    const order = compare(a[0], b[0]);
    return up || a[0] === "" || b[0] === "" ? order : -order;
  });
  table.tBodies[0].append(...rows.map((pair) => pair[1]));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", up ? "ascending" : "descending");
}
function filter(table, box, count) {
  const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
  let fitting = 0;
  for (const row of table.tBodies[0].rows) {
    const text = row.textContent.toLowerCase();
    const fits = words.every((word) => text.includes(word));
    fitting += fits ? 1 : 0;
    row.hidden = !fits || fitting > MOST;
  }
  const more = fitting > MOST ? `, the first ${MOST} are shown` : "";
  count.textContent = `${fitting} of ${table.tBodies[0].rows.length}${more}`;
}
for (const table of document.querySelectorAll("table.sortable")) {
  const box = document.querySelector(`input[data-for="${table.id}"]`);
  const count = box?.parentElement.querySelector("output");
  const isLong = box && table.tBodies[0].rows.length > MOST;
  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      sortBy(table, heading);
      if (isLong) filter(table, box, count);
    });
  }
  if (box) {
    box.addEventListener("input", () => filter(table, box, count));
    box.parentElement.hidden = false;
  }
  if (isLong) filter(table, box, count);
}
