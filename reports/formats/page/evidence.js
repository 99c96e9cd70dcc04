// A link to evidence shows it in place; a chart shows the value nearest to the pointer.
// What an address leads to; it may come from anywhere, and be malformed.
const targetOf = (hash) => {
  try {
    return document.getElementById(decodeURIComponent(hash.slice(1)));
  } catch {
    return null;
  }
};

const dialog = document.getElementById("evidence");
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#e-']");
  if (!link || dialog.contains(link) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const target = targetOf(link.hash);
  if (!target) return;
  event.preventDefault();
  dialog.querySelector("p").replaceChildren(...[...target.childNodes].map((node) => node.cloneNode(true)));
  dialog.querySelector("a").href = link.hash;
  dialog.showModal();
});
dialog.querySelector("a").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

// What a link leads to may be folded.
const reveal = () => {
  const target = targetOf(location.hash);
  const folded = target?.closest("details");
  if (!folded || folded.open) return;
  folded.open = true;
  target.scrollIntoView();
};
addEventListener("hashchange", reveal);
reveal();

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
