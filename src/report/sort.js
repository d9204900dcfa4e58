// Makes the columns of tables sortable: numbers by their value, texts as people count.
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  table.querySelectorAll("th").forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = head.textContent;
    head.textContent = "";
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      table.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows];
      const order = (a, b) => {
        const [x, y] = [a, b].map((row) => row.cells[column]);
        if (!x || !y) return 0;
        const [v, w] = [x, y].map((cell) => parseFloat(cell.dataset.v));
        // What has no number comes last, whichever way is sorted.
        if (isNaN(v) !== isNaN(w)) return isNaN(v) ? 1 : -1;
        const sign = down ? -1 : 1;
        if (!isNaN(v)) return sign * (v - w);
        return sign * x.textContent.localeCompare(y.textContent, "en", { numeric: true });
      };
      rows.sort(order).forEach((row) => body.append(row));
    });
  });
}
