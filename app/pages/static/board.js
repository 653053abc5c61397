// The page says everything without this. It adds sorting, the reader's own time, and a countdown.
"use strict";

const asText = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

for (const time of document.querySelectorAll("time[datetime]")) {
  const instant = new Date(time.dateTime);
  time.title = `${asText.format(instant)} your time`;
  if (time.nextElementSibling?.dataset.countdown) {
    time.after(` (${asText.format(instant)} your time)`);
  }
}

function inWords(ms) {
  const minutes = Math.floor(ms / 60000);
  const parts = [[Math.floor(minutes / 1440), "d"], [Math.floor(minutes / 60) % 24, "h"], [minutes % 60, "min"]];
  if (parts[0][0] >= 100) return `${parts[0][0].toLocaleString("en")} days`;
  const first = parts.findIndex(([figure]) => figure > 0);
  if (first < 0) return "less than a minute";
  return parts.slice(first, first + 2).filter(([figure]) => figure > 0).map(([figure, unit]) => `${figure} ${unit}`).join(" ");
}

function countDown() {
  for (const span of document.querySelectorAll("[data-countdown]")) {
    const left = new Date(span.dataset.countdown) - Date.now();
    span.textContent = left > 0 ? inWords(left) : "no time (reload the page)";
  }
}
countDown();
setInterval(countDown, 30000);

function valueOf(row, column) {
  const cell = row.cells[column];
  return cell.dataset.value ?? cell.textContent.trim();
}

function compare(a, b, kind) {
  if (kind === "text") return a.localeCompare(b);
  if (a === "" || b === "") return (a === "") - (b === "");
  return Number(a) - Number(b);
}

// Rows move; ranks, tiers and their bands stay what the server wrote.
function sortBy(table, header, column) {
  const ascending = header.getAttribute("aria-sort") !== "ascending";
  const rows = [...table.tBodies].flatMap((body) => [...body.rows].map((row) => [row, body.className]));
  rows.sort(([a], [b]) => {
    const order = compare(valueOf(a, column), valueOf(b, column), header.dataset.sort);
    return ascending ? order : -order;
  });
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  for (const body of [...table.tBodies]) body.remove();
  let body = null;
  for (const [row, band] of rows) {
    if (!body || body.className !== band) {
      body = table.createTBody();
      body.className = band;
    }
    body.append(row);
  }
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  [...table.tHead.rows[0].cells].forEach((header, column) => {
    if (!header.dataset.sort) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => sortBy(table, header, column));
  });
}
