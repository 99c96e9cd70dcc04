"use strict";
// A click on a heading sorts its table.
const sortTable = (table, heading, isDescending) => {
  const body = table.tBodies[0];
  const number = heading.classList.contains("number");
  const key = (row) => {
    const cell = row.cells[heading.cellIndex];
    const text = cell.dataset.key ?? cell.textContent.trim();
    return number ? (text === "inf" || text === "" ? Infinity : Number(text)) : text;
  };
  const compare = (a, b) => {
    const [x, y] = [key(a), key(b)];
    if (x === y) return 0;
    // A row without a figure stays last in both directions.
    if (x === Infinity || y === Infinity) return x === Infinity ? 1 : -1;
    const order = number ? x - y : x.localeCompare(y, "en", { numeric: true });
    return isDescending ? -order : order;
  };
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
  body.append(...[...body.rows].sort(compare));
};

for (const table of document.querySelectorAll("table")) {
  for (const heading of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      sortTable(table, heading, heading.getAttribute("aria-sort") === "ascending");
      table.dispatchEvent(new CustomEvent("sorted", { bubbles: true }));
    });
  }
}
