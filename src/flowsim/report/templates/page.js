(function () {
  var root = document.documentElement;
  root.classList.add("js");
  var each = function (list, act) { Array.prototype.forEach.call(list, act); };
  // Demand levels: show one, or all.
  function show(level) {
    each(document.querySelectorAll("[data-level]"), function (part) {
      part.hidden = level !== "all" && part.getAttribute("data-level") !== level;
    });
  }
  each(document.querySelectorAll("input[name=level]"), function (box) {
    box.addEventListener("change", function () { show(box.value); });
    if (box.checked) { show(box.value); }
  });
  window.addEventListener("beforeprint", function () { each(document.querySelectorAll("[data-level]"), function (p) { p.hidden = false; }); });
  window.addEventListener("afterprint", function () {
    var box = document.querySelector("input[name=level]:checked");
    if (box) { show(box.value); }
  });
  // The table of inputs: filter by words and status, sort by a column.
  var table = document.getElementById("inputs-table");
  if (!table) { return; }
  var body = table.tBodies[0], search = document.getElementById("inputs-search"), count = document.getElementById("inputs-count");
  var rows = Array.prototype.slice.call(body.rows);
  function filter() {
    var words = search.value.toLowerCase().split(/\s+/), seen = 0;
    var statuses = {};
    each(document.querySelectorAll("input[name=status]"), function (box) { statuses[box.value] = box.checked; });
    rows.forEach(function (row) {
      var text = row.textContent.toLowerCase();
      var ok = statuses[row.getAttribute("data-status")] !== false && words.every(function (w) { return text.indexOf(w) >= 0; });
      row.hidden = !ok;
      seen += ok ? 1 : 0;
    });
    count.textContent = seen + " of " + rows.length + " shown";
  }
  search.addEventListener("input", filter);
  each(document.querySelectorAll("input[name=status]"), function (box) { box.addEventListener("change", filter); });
  each(table.tHead.rows[0].cells, function (cell, column) {
    if (!cell.hasAttribute("data-sort")) { return; }
    var up = true;
    function sort() {
      rows.sort(function (a, b) {
        return (up ? 1 : -1) * a.cells[column].textContent.localeCompare(b.cells[column].textContent, "en-GB", { numeric: true });
      });
      up = !up;
      rows.forEach(function (row) { body.appendChild(row); });
    }
    cell.tabIndex = 0;
    cell.addEventListener("click", sort);
    cell.addEventListener("keydown", function (e) { if (e.key === "Enter") { sort(); } });
  });
  filter();
})();
