"use strict";
(async function () {
  // Code of others, which the page carries packed; where a browser cannot unpack it, the plain tables stay.
  async function run(id) {
    const packed = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
    const code = new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate")));
    document.head.append(Object.assign(document.createElement("script"), { textContent: await code.text() }));
  }
  if (!window.DecompressionStream) return;
  await run("data-tables");

  const all = "all";
  const root = document.documentElement;
  const board = document.getElementById("board");
  const column = Object.fromEntries([...board.tHead.rows[0].cells].map((cell, index) => [cell.textContent, index]));
  // The lines as they are in the HTML: DataTables takes hidden columns out of the document.
  const lines = [...board.tBodies[0].rows].map((row) => ({
    row,
    texts: [...row.cells].map((cell) => cell.textContent.trim()),
    orders: [...row.cells].map((cell) => Number(cell.dataset.order)),
    data: row.dataset,
  }));
  const facets = {
    sampler: (line) => line.row.cells[0].querySelector("a").hash.replace("#sampler-", ""),
    target: (line) => line.texts[column.target],
    kind: (line) => line.texts[column["kind of target"]],
    nature: (line) => line.texts[column.nature],
    budget: (line) => line.texts[column.budget],
    device: (line) => line.texts[column.device],
    certificate: (line) => line.texts[column.certificate],
  };
  for (const line of lines) {
    line.facets = Object.fromEntries(Object.entries(facets).map(([name, read]) => [name, read(line)]));
  }

  // Light and dark.
  const theme = document.getElementById("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches);
  const remember = (name) => { try { localStorage.setItem("theme", name); } catch { /* a browser may forbid it */ } };
  const recall = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  if (["light", "dark"].includes(recall())) root.dataset.theme = recall();
  theme.hidden = false;
  theme.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    remember(root.dataset.theme);
  });

  // What is shown: a value per facet, words to search for, and a box of the chart.
  const view = { words: "", box: null };
  const form = document.getElementById("filters");
  const controls = {};
  function addControl(name, control, label = name) {
    const wrapper = document.createElement("label");
    wrapper.append(label, control);
    form.append(wrapper);
    controls[name] = control;
  }
  for (const name of Object.keys(facets)) {
    view[name] = all;
    const values = [...new Set(lines.map((line) => line.facets[name]))];
    const select = document.createElement("select");
    select.append(...[all, ...values].map((value) => new Option(value, value)));
    select.name = name;
    select.addEventListener("change", () => { view[name] = select.value; show(); });
    addControl(name, select, name === "kind" ? "kind of target" : name);
    controls[name].closest("label").hidden = values.length < 2;
  }
  const search = Object.assign(document.createElement("input"), { type: "search", name: "words" });
  search.addEventListener("input", () => { view.words = search.value; show(); });
  addControl("words", search, "search");
  function addButton(text, act) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: text });
    button.addEventListener("click", () => act(button));
    form.append(button);
    return button;
  }
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;

  const cost = document.getElementById("cost"), score = document.getElementById("score");
  const costOf = (line) => line.orders[column[cost.value]];
  const scoreOf = (line) => line.orders[column[score.value]];
  const inBox = (line) => !view.box || (view.box.cost[0] <= costOf(line) && costOf(line) <= view.box.cost[1]
    && view.box.score[0] <= scoreOf(line) && scoreOf(line) <= view.box.score[1]);
  const matches = (line) => Object.keys(facets).every((name) => view[name] === all || view[name] === line.facets[name])
    && view.words.toLowerCase().split(/\s+/).every((word) => line.texts.join(" ").toLowerCase().includes(word));

  const { default: DataTable } = window.itables;
  DataTable.ext.search.push((settings, data, index) => settings.nTable !== board || (matches(lines[index]) && inBox(lines[index])));
  const table = new DataTable(board, {
    autoWidth: false,
    order: [],
    pageLength: 25,
    lengthMenu: [25, 100, { label: "all", value: -1 }],
    columnDefs: [{ targets: ".numeric", type: "num" }, { targets: ".more", visible: false }, { targets: -1, orderable: false }],
    layout: {
      topStart: null, topEnd: null,
      bottomStart: { pageLength: {}, buttons: [{ extend: "csv", text: "CSV", filename: "leaderboard", escapeExcelFormula: true }] },
      bottomEnd: "paging",
    },
  });
  const further = addButton("All columns", (button) => {
    const visible = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", visible);
    table.columns(".more").visible(visible);
  });
  further.setAttribute("aria-pressed", "false");
  addButton("Clear", () => restore(""));
  addButton("Copy link", async (button) => {
    try { await navigator.clipboard.writeText(location.href); button.textContent = "Copied"; }
    catch { button.textContent = "It is in the address bar"; }
  });

  // The groups among the lines that are shown: those of group 1 cannot be told from the best of them.
  function regroup(shown) {
    const settings = new Map();
    for (const line of shown) {
      if (line.data.middle === undefined) continue;
      const number = (name) => (line.data[name] === "inf" ? Infinity : Number(line.data[name]));
      const entry = { line, middle: number("middle"), low: number("low"), high: number("high") };
      settings.set(line.data.setting, [...(settings.get(line.data.setting) ?? []), entry]);
    }
    for (const entries of settings.values()) {
      let remaining = entries.sort((a, b) => a.middle - b.middle);
      for (let group = 1; remaining.length; group += 1) {
        const reach = remaining[0].high;
        for (const { line } of remaining.filter((entry) => entry.low <= reach)) setGroup(line, group);
        remaining = remaining.filter((entry) => !(entry.low <= reach));
      }
    }
  }
  function setGroup(line, group) {
    const cell = table.cell(line.row, column.group);
    if (cell.data() !== String(group)) cell.data(String(group));
  }

  function show() {
    const shown = lines.filter(matches);
    if (column.group !== undefined) regroup(shown);
    table.draw();
    const count = shown.filter(inBox).length;
    document.getElementById("shown").textContent = `${count} of ${lines.length} lines`;
    for (const [name, control] of Object.entries(controls)) control.value = view[name];
    drawPoints(shown);
    keepAddress();
  }

  // Permalinks: #view?target=gmm9&order=4,asc
  const isView = () => location.hash.startsWith("#view");
  function address() {
    const parts = new URLSearchParams();
    for (const name of Object.keys(facets)) if (view[name] !== all) parts.set(name, view[name]);
    if (view.words) parts.set("words", view.words);
    const [order] = table.order();
    if (order) parts.set("order", order.slice(0, 2).join(","));
    if (cost.selectedIndex) parts.set("across", cost.value);
    if (score.selectedIndex) parts.set("up", score.value);
    if (view.box) parts.set("box", [...view.box.cost, ...view.box.score].map((x) => x.toPrecision(4)).join(","));
    return parts.size ? `#view?${parts}` : "";
  }
  function keepAddress() {
    if (address() || isView()) history.replaceState(null, "", address() || location.pathname + location.search);
  }
  function restore(hash) {
    const parts = new URLSearchParams(hash.split("?")[1] ?? "");
    for (const name of Object.keys(facets)) {
      const value = parts.get(name) ?? all;
      view[name] = [...controls[name].options].some((option) => option.value === value) ? value : all;
    }
    view.words = parts.get("words") ?? "";
    const [index, direction] = (parts.get("order") ?? "").split(",");
    const isOrder = Number(index) < Object.keys(column).length && ["asc", "desc"].includes(direction);
    table.order(isOrder ? [[Number(index), direction]] : []);
    for (const [select, name] of [[cost, "across"], [score, "up"]]) {
      const options = [...select.options].map((option) => option.value);
      select.selectedIndex = Math.max(0, options.indexOf(parts.get(name)));
    }
    const box = (parts.get("box") ?? "").split(",").map(Number);
    view.box = box.length === 4 && box.every(Number.isFinite) ? { cost: box.slice(0, 2), score: box.slice(2) } : null;
    show();
  }
  table.on("order", () => keepAddress());
  addEventListener("hashchange", () => { if (isView()) openView(); else openTarget(); });
  function openView() {
    restore(location.hash);
    document.getElementById("board-section").scrollIntoView();
  }
  function openTarget() {
    const element = document.querySelector(":target");
    for (let around = element?.closest("details"); around; around = around.parentElement.closest("details")) around.open = true;
    element?.scrollIntoView();
  }

  // The chart of the lines that the filters leave; the box in it is one more filter of the table.
  let chart = null;
  function points(shown) {
    // Exact draws cost nothing; the dashed lines show their scores.
    return shown.filter((line) => line.data.exact === undefined && costOf(line) > 0 && scoreOf(line) > 0 && Number.isFinite(costOf(line) + scoreOf(line)))
      .map((line) => ({
        cost: costOf(line), score: scoreOf(line), nature: line.facets.nature,
        floor: score.selectedIndex || !line.data.floor ? null : Number(line.data.floor),
        label: `${line.texts[0]} on ${line.facets.target}: ${line.texts[column[score.value]]} at ${line.texts[column[cost.value]]} ${cost.value}`,
      }));
  }
  function drawPoints(shown) {
    const drawn = points(shown);  // an axis needs a point
    document.getElementById("chart").hidden = !drawn.length;
    if (chart && drawn.length) chart.view.data("points", drawn).runAsync();
  }
  function setBox(value) {
    view.box = value && value.cost && value.score ? { cost: [...value.cost].sort((a, b) => a - b), score: [...value.score].sort((a, b) => a - b) } : null;
    table.draw();
    document.getElementById("shown").textContent = `${table.rows({ search: "applied" }).count()} of ${lines.length} lines`;
    keepAddress();
  }
  async function startChart() {
    const spec = JSON.parse(document.getElementById("chart-spec").textContent);
    spec.datasets = { points: points(lines.filter(matches)) };
    if (!spec.datasets.points.length) return;
    if (!window.vegaEmbed) await run("vega-embed");
    const errors = 1;  // the level of Vega's log; it warns of scores that no line has
    chart = await window.vegaEmbed("#chart", spec, { renderer: "svg", actions: false, logLevel: errors });
    // The box has no words for a screen reader; the filters say the same.
    for (const mark of document.querySelectorAll("#chart .brush_brush, #chart .brush_brush_bg")) mark.setAttribute("aria-hidden", "true");
    chart.view.addSignalListener("brush", (name, value) => setBox(value));
  }
  for (const select of [cost, score]) select.addEventListener("change", () => { view.box = null; startChart().then(show); });
  addEventListener("keydown", (event) => { if (event.key === "Escape" && view.box) startChart().then(() => setBox(null)); });

  // A button beside each command copies it.
  for (const code of document.querySelectorAll(".seeds code")) {
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Copy" });
    button.addEventListener("click", async () => {
      try { await navigator.clipboard.writeText(code.textContent); button.textContent = "Copied"; }
      catch { getSelection().selectAllChildren(code); }
    });
    code.after(" ", button);
  }

  // On paper all lines of the view and all cards; afterwards as before.
  let closed = [], pageLength = table.page.len();
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll(".cards details:not([open])")];
    for (const card of closed) card.open = true;
    pageLength = table.page.len();
    table.page.len(-1).draw();
  });
  addEventListener("afterprint", () => {
    for (const card of closed) card.open = false;
    table.page.len(pageLength).draw();
  });

  if (isView()) openView(); else { restore(""); openTarget(); }
  requestAnimationFrame(() => setTimeout(startChart));
})();
