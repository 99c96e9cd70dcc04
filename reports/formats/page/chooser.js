// The questions leave the rows that fit. Their answers, and the order, stand in the address as
// #choose&place=init&sort=memory; what is as at first does not.
const PREFIX = "#choose";

for (const form of document.querySelectorAll("form.chooser")) {
  const table = form.nextElementSibling.querySelector("table");
  const rows = [...table.tBodies[0].rows];
  const headings = [...table.tHead.rows[0].cells];
  const selects = [...form.querySelectorAll("select")];
  const usual = (select) => [...select.options].find((option) => option.defaultSelected).value;

  const fits = (row) => selects.every(({ name, value, dataset }) => {
    if (value === "") return true;
    const trait = row.dataset[name];
    if ("atMost" in dataset) return trait !== "" && Number(trait) <= Number(value);
    return trait.split(" ").includes(value);
  });

  const filter = () => {
    for (const row of rows) row.hidden = !fits(row);
    const shown = rows.filter((row) => !row.hidden).length;
    form.querySelector("output").textContent = shown
      ? `${shown} of ${rows.length} shown`
      : "Nothing that was measured fits all of that: leave a question open.";
  };

  const write = () => {
    const state = new URLSearchParams();
    for (const select of selects) {
      if (select.value !== usual(select)) state.set(select.name, select.value || "any");
    }
    const sorted = headings.find((heading) => heading.ariaSort && heading.dataset.sort);
    if (sorted) state.set("sort", sorted.dataset.sort);
    if (sorted && sorted.ariaSort === "descending") state.set("order", "down");
    const words = `${state}`;
    history.replaceState(null, "", `${PREFIX}${words && `&${words}`}`);
    filter();
  };

  const read = () => {
    if (!`${location.hash}&`.startsWith(`${PREFIX}&`)) return false;
    const state = new URLSearchParams(location.hash.slice(PREFIX.length + 1));
    for (const select of selects) {
      const value = state.get(select.name) ?? usual(select);
      select.value = value === "any" ? "" : value;
      if (select.selectedIndex < 0) select.value = usual(select);
    }
    const heading = headings.find((candidate) => candidate.dataset.sort === state.get("sort"));
    if (heading) sortTable(table, heading, state.get("order") === "down");
    filter();
    return true;
  };

  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", write);
  form.addEventListener("reset", () => setTimeout(write));
  table.addEventListener("sorted", write);
  addEventListener("hashchange", read);
  if (read()) form.closest("section").scrollIntoView();
  else filter();
}
