"use strict";
// A click on a heading sorts its table; a chart shows the value nearest to the pointer.
for (const table of document.querySelectorAll("table")) {
  const body = table.tBodies[0];
  table.querySelectorAll("thead th").forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const isAscending = heading.getAttribute("aria-sort") === "ascending";
      const number = heading.classList.contains("number");
      const key = (row) => {
        const text = row.cells[column].dataset.key;
        return number ? (text === "inf" || text === "" ? Infinity : Number(text)) : text;
      };
      const compare = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === y) return 0;
        // A row without a figure stays last in both directions.
        if (x === Infinity || y === Infinity) return x === Infinity ? 1 : -1;
        const order = number ? x - y : x.localeCompare(y, "en", { numeric: true });
        return isAscending ? -order : order;
      };
      table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", isAscending ? "descending" : "ascending");
      body.append(...[...body.rows].sort(compare));
    });
  });
}

const MAX_DISTANCE = 24; // px
const tip = document.getElementById("tip");
for (const chart of document.querySelectorAll(".chart svg")) {
  const marks = [...chart.querySelectorAll(".role-mark [aria-label]")];
  const showNearest = (event) => {
    let nearest = null;
    let smallest = MAX_DISTANCE;
    for (const mark of marks) {
      const box = mark.getBoundingClientRect();
      const x = box.left + box.width / 2 - event.clientX;
      const y = box.top + box.height / 2 - event.clientY;
      const distance = Math.hypot(x, y);
      if (distance < smallest) [nearest, smallest] = [mark, distance];
    }
    tip.hidden = nearest === null;
    if (nearest === null) return;
    tip.textContent = nearest.getAttribute("aria-label");
    const left = Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 8);
    const above = event.clientY - tip.offsetHeight - 12;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${above > 8 ? above : event.clientY + 16}px`;
  };
  chart.addEventListener("pointermove", showNearest);
  chart.addEventListener("pointerdown", showNearest);
  chart.addEventListener("pointerleave", () => { tip.hidden = true; });
}

addEventListener("beforeprint", () => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
});
