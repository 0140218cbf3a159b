/* 同事刚改过同一行：两边的数逐格摆出来，由人选；选好以前什么也不丢。 */
(function () {
  "use strict";

  const grid = window.grid;
  const dialog = document.getElementById("grid-conflict");
  if (!grid || !dialog) return;

  const rows = document.getElementById("grid-conflict-rows");
  let open = null; /* { tr, said, cells } */

  function columnsOf(tr) {
    return grid.kindOf(tr) === "line" ? grid.facts.line : grid.facts.item;
  }

  function rawText(column, text) {
    return column.kind === "amount" || column.kind === "count" ? text.replace(/,/g, "").replace(/\.00$/, "") : text;
  }

  function compare(tr, said) {
    const typed = grid.stateOf(tr).typed;
    return columnsOf(tr)
      .filter((column) => said.cells[column.name] !== undefined && column.kind !== "computed")
      .filter((column) => column.name !== "amount" || /^(quota|actual)$/.test(tr.dataset.method))
      .map((column) => {
        const theirs = said.cells[column.name];
        const mine = grid.rawOf(grid.cellOf(tr, column.name));
        const isMine = Object.prototype.hasOwnProperty.call(typed, column.name);
        return { column: column, theirs: theirs, mine: mine, isMine: isMine, isDifferent: rawText(column, theirs) !== mine };
      });
  }

  function option(name, value, text, isChecked) {
    const td = document.createElement("td");
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "radio";
    input.name = "conflict-" + name;
    input.value = value;
    input.checked = isChecked;
    label.appendChild(input);
    label.appendChild(document.createTextNode(text || "（空）"));
    td.appendChild(label);
    return td;
  }

  function show(tr, said) {
    const cells = compare(tr, said);
    const differing = cells.filter((cell) => cell.isDifferent);
    /* 两边一样：多半是自己上次的保存没有等到回答 */
    if (!differing.length) {
      settle(tr, said.version);
      return;
    }
    open = { tr: tr, said: said, cells: cells };
    document.getElementById("grid-conflict-text").textContent =
      (said.who === grid.table.dataset.userName ? "您自己（" + said.who + "）在另一个窗口于 " : said.who + " 在 ") + said.at + " 修改了“" + grid.titleOf(tr) + "”" + (grid.kindOf(tr) === "line" ? "第" + grid.numberOf(tr) + "行" : "") + "。您的录入还在，请选择每一格用谁的。";
    rows.textContent = "";
    differing.forEach((cell) => {
      const line = document.createElement("tr");
      line.className = cell.isMine ? "is-different" : "";
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = cell.column.label;
      line.appendChild(head);
      line.appendChild(option(cell.column.name, "theirs", cell.theirs, !cell.isMine));
      line.appendChild(option(cell.column.name, "mine", cell.mine, cell.isMine));
      rows.appendChild(line);
    });
    window.house.openDialog("grid-conflict");
  }

  /* 接着按对方的版本保存；其间再有人改，还会再问 */
  function settle(tr, version) {
    const state = grid.stateOf(tr);
    tr.dataset.version = version;
    tr.classList.remove("is-conflict");
    state.conflict = false;
    open = null;
    if (dialog.open) dialog.close();
    if (grid.isDirty(tr)) grid.save(tr);
    else {
      grid.paintState(tr, "", "");
      grid.keep();
    }
    grid.focusActive();
  }

  function resolve(pick) {
    if (!open) return;
    const tr = open.tr;
    const state = grid.stateOf(tr);
    const fresh = { version: open.said.version, cells: open.said.cells };
    const chosen = {};
    open.cells.forEach((cell) => {
      if (cell.isDifferent && pick(cell) === "mine") chosen[cell.column.name] = cell.mine;
    });
    state.typed = {};
    if (open.said.cells.method) tr.dataset.method = (grid.facts.methods.find((method) => method.label === open.said.cells.method) || {}).value || tr.dataset.method;
    grid.settle(tr, fresh, {});
    if (chosen.method !== undefined) grid.setTyped(tr, "method", chosen.method);
    Object.keys(chosen).forEach((name) => {
      if (name !== "method") grid.setTyped(tr, name, chosen[name]);
    });
    grid.recalculate(tr);
    grid.refreshActive();
    settle(tr, open.said.version);
  }

  function picked(cell) {
    const input = rows.querySelector('input[name="conflict-' + cell.column.name + '"]:checked');
    return input ? input.value : "theirs";
  }

  document.getElementById("grid-conflict-mine").addEventListener("click", () => resolve(() => "mine"));
  document.getElementById("grid-conflict-theirs").addEventListener("click", () => resolve(() => "theirs"));
  document.getElementById("grid-conflict-chosen").addEventListener("click", () => resolve(picked));

  /* 关掉对话框：行仍标着有冲突，双击或按 Ctrl+S 再问 */
  dialog.addEventListener("close", () => {
    if (!open) return;
    const tr = open.tr;
    grid.stateOf(tr).conflict = false;
    grid.paintState(tr, "有冲突", "wrong");
    open = null;
  });

  grid.showConflict = show;
})();
