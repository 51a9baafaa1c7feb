// The table of trials: sorted and filtered as data, shown a page at a time, so that 10,000 trials stay quick.
// Cells are text nodes; nothing from a record is ever parsed as HTML.
"use strict";
(() => {
  const ROWS_PER_PAGE = 25;
  let rowsPerPage = ROWS_PER_PAGE;
  const find = (id) => document.getElementById(id);
  const data = JSON.parse(find("trials-data").textContent);
  const numTrials = data.folders.length;
  const state = { rows: [...Array(numTrials).keys()], page: Number(chosen.get("page")), sorted: data.sorted };

  // The rule of numbers.py.
  function shortened(value, digits) {
    if (Number.isInteger(value) && Math.abs(value) < 1e10) return String(value);
    const [number, power] = value.toExponential(digits - 1).split("e").map(Number);
    if (power < -4 || power >= 6) return `${number}e${power}`;
    return String(Number(value.toFixed(Math.max(digits - 1 - power, 0))));
  }

  const SHOW = {
    percent: (value) => value.toFixed(2),
    seconds: (value) => value.toFixed(1),
    score: (value) => shortened(value, 5),
    number: (value) => shortened(value, 3),
  };

  function shown(column, row) {
    const value = column.values[row];
    if (value === null) return "–";
    return typeof value === "number" ? (SHOW[column.kind] ?? SHOW.number)(value) : String(value);
  }

  const collator = new Intl.Collator(undefined, { numeric: true });

  // Numbers before words; what is missing last, whichever way the column is sorted.
  function compare(a, b, sign) {
    if (a === null || b === null) return (a === null) - (b === null);
    const isNumber = [typeof a === "number", typeof b === "number"];
    if (isNumber[0] && isNumber[1]) return sign * (a - b);
    if (isNumber[0] || isNumber[1]) return isNumber[0] ? -1 : 1;
    return sign * collator.compare(a, b);
  }

  function sort(index, descending) {
    state.sorted = { column: index, descending };
    const values = data.columns[index].values;
    state.rows.sort((a, b) => compare(values[a], values[b], descending ? -1 : 1) || a - b);
    showHeader();
    showRows();
  }

  function sortAnew(index, descending) {
    chosen.set("sort", `${descending ? "-" : ""}${data.columns[index].key}`);
    turnTo(0);
    sort(index, descending);
  }

  function turnTo(page) {
    state.page = page;
    chosen.set("page", page || "");
  }

  const words = () => find("filter").value.toLowerCase().split(/\s+/).filter(Boolean);

  let texts = null; // of each row, made when first needed: "lambda=0.000154 status=complete …"
  function filtered() {
    const status = find("status").value;
    const statuses = data.columns.find((column) => column.key === "status").values;
    texts ??= state.rows.slice().sort((a, b) => a - b).map((row) =>
      [...data.columns.map((column) => `${column.name}=${shown(column, row)}`), data.errors[row] ?? ""]
        .join(" ").toLowerCase());
    const tests = words().map((word) => parsed(word).test);
    return state.rows.filter((row) =>
      (!status || String(statuses[row]).split(" ")[0] === status) && tests.every((test) => test(row)));
  }

  const COMPARE = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };
  const asWord = (text) => text.toLowerCase().replace(/[\s|]+/g, "_").replace("–", "-") || '""';

  // What columns are called in the filter: names before keys, the first of equals; each has a word that is its own.
  const columnOf = new Map();
  for (const part of ["name", "key"])
    data.columns.forEach((column, index) => { if (!columnOf.has(asWord(column[part]))) columnOf.set(asWord(column[part]), index); });
  data.columns.forEach((_, index) => { if (!columnOf.has(`column_${index + 1}`)) columnOf.set(`column_${index + 1}`, index); });
  const wordOf = (index) => [data.columns[index].name, data.columns[index].key, `column_${index + 1}`]
    .map(asWord).find((word) => columnOf.get(word) === index);

  // A word of the filter, as a column and a test of rows: lr>0.01 compares a column's numbers, optimizer=adam|sgd lists
  // what it shows; any other word has no column, and stands somewhere in the row.
  function parsed(word) {
    // The longest name of a column that the word begins with: a name may have such signs in it, too.
    const names = [...columnOf.keys()].filter((each) => word.startsWith(each) && /^[<>=]/.test(word.slice(each.length)));
    const name = names.reduce((longest, each) => each.length > longest.length ? each : longest, "");
    const index = columnOf.get(name) ?? -1;
    if (index < 0)
      return { index, unknown: /^(.+?)[<>=]/.exec(word)?.[1], test: (row) => texts[row].includes(word) };
    const column = data.columns[index];
    const [, sign, value] = /^(<=|>=|<|>|=)(.*)$/.exec(word.slice(name.length));
    if (!value) return { index, test: () => true }; // not typed to its end
    if (sign === "=") {
      const listed = value.split("|");
      return { index, test: (row) => listed.includes(asWord(shown(column, row))) };
    }
    const bound = Number(value);
    return { index, test: (row) => typeof column.values[row] === "number" && COMPARE[sign](column.values[row], bound) };
  }

  function element(name, properties = {}, ...children) {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  }

  function showHeader() {
    const cells = data.columns.map((column, index) => {
      const isSorted = state.sorted?.column === index;
      const button = element("button", { type: "button", textContent: column.name, title: column.title });
      // The best first, as one would read it; the other way round on the second click.
      button.addEventListener("click", () =>
        sortAnew(index, isSorted ? !state.sorted.descending : column.descends));
      const cell = element("th", { scope: "col", className: column.is_number ? "number" : "" }, button);
      if (isSorted) cell.setAttribute("aria-sort", state.sorted.descending ? "descending" : "ascending");
      return cell;
    });
    const focused = [...find("table").tHead.querySelectorAll("button")].indexOf(document.activeElement);
    const last = element("th", { scope: "col" }, element("span", { className: "unseen", textContent: "details and command" }));
    find("table").tHead.replaceChildren(element("tr", {}, ...cells, last));
    if (focused >= 0) find("table").tHead.querySelectorAll("button")[focused].focus();
  }

  function showRows() {
    const rows = filtered();
    window.trialsTable.kept = rows;
    const asked = `${find("filter").value} ${find("status").value}`;
    if (asked !== state.asked) dispatchEvent(new Event("filtered"));
    state.asked = asked;
    state.page = Math.max(0, Math.min(state.page, Math.ceil(rows.length / rowsPerPage) - 1));
    const first = state.page && state.page * rowsPerPage;
    const visible = rows.slice(first, first + rowsPerPage);
    find("table").tBodies[0].replaceChildren(...visible.map(rowOf));
    const unknown = words().map((word) => parsed(word).unknown).filter(Boolean);
    const [matching, all] = [rows.length, numTrials].map((count) => count.toLocaleString("en"));
    find("shown").textContent = rows.length
      ? `${first + 1}–${first + visible.length} of ${matching}${matching === all ? "" : ` (${all} in all)`}`
      : ["no trial matches", ...unknown.map((name) => `no column is called ${name}`)].join("; ");
    find("previous").disabled = first === 0;
    find("next").disabled = first + rowsPerPage >= rows.length;
    for (const name of ["previous", "next"]) find(name).hidden = rows.length <= rowsPerPage;
  }

  function rowOf(row) {
    const cells = data.columns.map((column) => {
      const text = shown(column, row);
      const inside = column.key === "number" ? element("a", { href: data.folders[row], textContent: text }) : text;
      return element("td", { className: column.is_number ? "number" : "" }, inside);
    });
    const command = data.commands[row];
    const number = data.columns[0].values[row];
    const more = element("button", { type: "button", textContent: "details" });
    more.setAttribute("aria-label", `details of trial ${number}`);
    more.dataset.panel = number;
    const last = element("td", {}, more);
    if (command) {
      const button = element("button", { type: "button", textContent: "copy", title: command });
      button.setAttribute("aria-label", `copy the command that runs trial ${number} again`);
      button.addEventListener("click", () => copy(command));
      last.append(button);
    }
    return element("tr", { className: data.best.includes(row) ? "best" : "" }, ...cells, last);
  }

  async function copy(command) {
    const code = element("code", { textContent: command });
    let label = "copied: ";
    try {
      await navigator.clipboard.writeText(command);
    } catch {
      label = "to copy: "; // the browser does not let a page from disk write to the clipboard
    }
    find("copied").replaceChildren(label, code);
  }

  function filterAnew(name) {
    chosen.set(name, find(name).value);
    turnTo(0);
    showRows();
  }

  for (const [name, event] of [["filter", "input"], ["status", "change"]]) {
    find(name).value = chosen.get(name);
    find(name).addEventListener(event, () => filterAnew(name));
  }

  // Puts the words of one column into the filter, in place of those that it has there.
  function restrict(index, made) {
    const others = words().filter((word) => parsed(word).index !== index);
    find("filter").value = [...others, ...made].join(" ");
    filterAnew("filter");
  }

  window.trialsTable = { shown, shortened, asWord, wordOf, restrict, restrictions: () => words().map(parsed).filter(({ index }) => index >= 0) };

  // What is printed has no button to turn the page.
  addEventListener("beforeprint", () => { rowsPerPage = Infinity; showRows(); });
  addEventListener("afterprint", () => { rowsPerPage = ROWS_PER_PAGE; showRows(); });

  function offer(id, kind, text) {
    find(id).addEventListener("click", () => {
      const link = element("a", { href: URL.createObjectURL(new Blob([text()], { type: kind })), download: find(id).dataset.file });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
  }

  const quoted = (value) => /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  offer("as-csv", "text/csv", () => [data.columns.map((column) => column.key),
    ...filtered().map((row) => data.columns.map((column) => column.values[row] ?? ""))]
    .map((cells) => cells.map((cell) => quoted(String(cell))).join(",")).join("\n") + "\n");
  offer("as-json", "application/json", () => JSON.stringify(filtered().map((row) =>
    Object.fromEntries(data.columns.map((column) => [column.key, column.values[row]]))), null, 1));

  find("previous").addEventListener("click", () => { turnTo(state.page - 1); showRows(); });
  find("next").addEventListener("click", () => { turnTo(state.page + 1); showRows(); });
  const sorted = chosen.get("sort");
  const index = data.columns.findIndex((column) => column.key === sorted.replace(/^-/, ""));
  if (index >= 0) sort(index, sorted.startsWith("-"));
  else {
    showHeader();
    showRows();
  }
})();
