// Sorting, finding and unfolding on a finished page. In: the tables as they stand. Out: the same rows in another order, or fewer of them. Never here: data, requests, words (they
// stand on <main>); a page without this script says all the same.
(() => {
  "use strict";
  const main = document.getElementById("main");
  const words = main.dataset;
  const tables = [...main.querySelectorAll("table:not(.matrix):not(.heat)")].filter((table) => table.tHead && table.tBodies.length > 0);

  const shown = (cell) => (cell ? (cell.querySelector("b, a") || cell).textContent.trim() : "");
  // "第 3 名" and ">99%" are numbers, too.
  const number = (text) => parseFloat((/^[第<>\s]*([-+]?[\d\s,.]+)/.exec(text) || ["", ""])[1].replace(/[\s,]/g, ""));

  const sort = (table, column, direction) => {
    const body = table.tBodies[0];
    const keys = new Map([...body.rows].map((row) => {
      const text = shown(row.cells[column]);
      return [row, { text, value: number(text), place: +row.dataset.place }];
    }));
    const compare = (a, b) => {
      if (Number.isNaN(a.value) !== Number.isNaN(b.value)) return Number.isNaN(a.value) ? 1 : -1;
      const order = Number.isNaN(a.value) ? a.text.localeCompare(b.text, "zh-CN") : a.value - b.value;
      return direction * order || a.place - b.place;
    };
    const rows = [...body.rows];
    rows.sort((a, b) => (direction ? compare(keys.get(a), keys.get(b)) : keys.get(a).place - keys.get(b).place));
    body.append(...rows);
  };

  for (const table of tables.filter((table) => table.tBodies.length === 1)) {
    [...table.tBodies[0].rows].forEach((row, place) => { row.dataset.place = place; });
    const heads = [...table.tHead.rows[0].cells];
    if (table.tBodies[0].rows.length < 3 || heads.some((head) => head.colSpan > 1)) continue;
    heads.forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.title = words.sort;
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const first = head.classList.contains("num") ? -1 : 1;
        const now = +(head.dataset.direction || 0);
        const next = now === 0 ? first : now === first ? -first : 0;
        for (const other of heads) { delete other.dataset.direction; other.removeAttribute("aria-sort"); }
        if (next) {
          head.dataset.direction = next;
          head.setAttribute("aria-sort", next > 0 ? "ascending" : "descending");
        }
        sort(table, column, next);
      });
    });
  }

  // Who follows a link to folded records finds them unfolded.
  const unfold = () => {
    const at = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (at && at.tagName === "DETAILS") at.open = true;
  };
  window.addEventListener("hashchange", unfold);
  unfold();

  const all = tables.flatMap((table) => [...table.tBodies]).flatMap((body) => [...body.rows]);
  // The head of a group of rows is no hit of its own.
  const rows = all.filter((row) => !row.classList.contains("node"));
  const heads = all.filter((row) => row.classList.contains("node"));
  if (rows.length < 15) return;
  const folded = [...main.querySelectorAll("details")].filter((details) => details.querySelector("tbody"));
  const find = document.createElement("p");
  find.className = "find";
  const label = document.createElement("label");
  const input = document.createElement("input");
  const hits = document.createElement("output");
  input.type = "search";
  label.append(words.find, input);
  find.append(label, hits);
  main.prepend(find);
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
      if (!row.hidden) count += 1;
    }
    const isMissed = (part) => {
      const own = [...part.querySelectorAll("tbody > tr:not(.node)")];
      return own.length > 0 && own.every((row) => row.hidden);
    };
    for (const head of heads) head.hidden = isMissed(head.parentElement);
    for (const group of main.querySelectorAll(".group, .class-block")) group.hidden = isMissed(group);
    // A hit that is folded away is none for the reader.
    for (const details of folded) {
      if (wanted.length && details.dataset.folded === undefined) details.dataset.folded = details.open ? "" : "1";
      if (wanted.length) details.open = !isMissed(details);
      else if (details.dataset.folded !== undefined) { details.open = !details.dataset.folded; delete details.dataset.folded; }
    }
    hits.textContent = wanted.length ? words.hits.replace("{n}", count).replace("{all}", rows.length) : "";
  });
})();
