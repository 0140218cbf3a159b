/* 同事刚改过同一行：我改了的格由我选用谁的，只有对方改了的格照对方的；选好以前什么也不丢。 */
(function () {
  "use strict";

  const grid = window.grid;
  const dialog = document.getElementById("grid-conflict");
  if (!grid || !dialog) return;

  const rows = document.getElementById("grid-conflict-rows");
  const REST = 500; /* 刚弹出时的按键多半是接着录入的，不当作回答 */
  let open = null; /* 正在问的：{ tr, said, cells, since } */

  /* 两边不同的格。显示用同一种格式，只是写法不同的不算不同 */
  function differences(tr, said) {
    const isLine = grid.kindOf(tr) === "line";
    const typed = grid.stateOf(tr).typed;
    const methods = [tr.dataset.method, grid.methodOf[said.cells.method]];
    const isByHand = (column) => (isLine ? column.methods.some((method) => methods.indexOf(method) >= 0) : column.byHand);
    return (isLine ? grid.facts.line : grid.facts.item)
      .filter(isByHand)
      .map((column) => {
        const mine = grid.rawOf(grid.cellOf(tr, column.name));
        return {
          column: column,
          mine: mine,
          isMine: Object.prototype.hasOwnProperty.call(typed, column.name),
          shownMine: grid.displayOf(column, mine),
          shownTheirs: grid.displayOf(column, said.cells[column.name]),
        };
      })
      .filter((cell) => cell.shownMine !== cell.shownTheirs);
  }

  function choice(cell, value, text) {
    const td = document.createElement("td");
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "radio";
    input.name = "conflict-" + cell.column.name;
    input.value = value;
    input.checked = value === "mine";
    label.appendChild(input);
    label.appendChild(document.createTextNode(text || "（空）"));
    td.appendChild(label);
    return td;
  }

  function told(text, className) {
    const td = document.createElement("td");
    td.className = className;
    td.textContent = text || "（空）";
    return td;
  }

  function rowOf(cell) {
    const line = document.createElement("tr");
    const head = document.createElement("th");
    head.scope = "row";
    head.textContent = cell.column.label;
    const theirs = cell.isMine ? choice(cell, "theirs", cell.shownTheirs) : told(cell.shownTheirs, "is-told");
    const mine = cell.isMine ? choice(cell, "mine", cell.shownMine) : told("没有改，照对方的", "muted");
    [head, theirs, mine].forEach((part) => line.appendChild(part));
    return line;
  }

  function sentence(tr, said) {
    const isMyself = said.who === grid.table.dataset.userName;
    const who = isMyself ? "您自己（" + said.who + "）在另一个窗口于 " : said.who + " 在 ";
    const place = "“" + grid.titleOf(tr) + "”" + (grid.kindOf(tr) === "line" ? "第" + grid.numberOf(tr) + "行" : "");
    return who + said.at + " 修改了" + place + "。";
  }

  function show(tr, said) {
    if (open) return; /* 一次问一行；其余的行标着有冲突，等人处理 */
    if (grid.active() && grid.active().parentNode === tr) grid.commit();
    const cells = differences(tr, said);
    if (!cells.some((cell) => cell.isMine)) {
      /* 没有要选的：两边录入了同样的数，或自己上次的保存没有等到回答 */
      if (cells.length) window.house.toast(sentence(tr, said) + "您的录入与对方相同，已换上对方改的其他格。");
      settle(tr, said, []);
      return;
    }
    open = { tr: tr, said: said, cells: cells, since: Date.now() };
    document.getElementById("grid-conflict-text").textContent = sentence(tr, said) + "您的录入还在：两边不同的格，请选用谁的。";
    rows.textContent = "";
    cells.forEach((cell) => rows.appendChild(rowOf(cell)));
    window.house.openDialog("grid-conflict");
    document.getElementById("grid-conflict-theirs").focus();
  }

  /* 换上对方的数，再录入选定的几格，按对方的版本保存；其间再有人改，还会再问 */
  function settle(tr, said, kept) {
    const state = grid.stateOf(tr);
    state.typed = {};
    state.stopped = "";
    tr.classList.remove("is-conflict");
    grid.settle(tr, { version: said.version, cells: said.cells, method: grid.methodOf[said.cells.method] }, {});
    const unused = [];
    kept.forEach((cell) => {
      if (cell.column.name === "method" || grid.isEditable(grid.cellOf(tr, cell.column.name))) grid.setTyped(tr, cell.column.name, cell.mine);
      else unused.push(cell.column.label);
    });
    if (unused.length) window.house.toast("所选的测算方式不用“" + unused.join("”“") + "”，您录入的这几格没有保存。", "warning");
    grid.recalculate(tr);
    grid.refreshActive();
    if (grid.isDirty(tr)) {
      grid.save(tr);
    } else {
      grid.paintState(tr, "", "");
      grid.keep();
      grid.refreshItems([tr.parentNode.dataset.item]);
    }
  }

  function resolve(pick) {
    if (!open) return;
    const asked = open;
    open = null;
    dialog.close();
    settle(asked.tr, asked.said, asked.cells.filter((cell) => cell.isMine && pick(cell) === "mine"));
    grid.focusActive();
  }

  function picked(cell) {
    return rows.querySelector('input[name="conflict-' + cell.column.name + '"]:checked').value;
  }

  function answer(id, pick) {
    document.getElementById(id).addEventListener("click", (event) => {
      const isByKey = event.detail === 0;
      if (open && !(isByKey && Date.now() - open.since < REST)) resolve(pick);
    });
  }

  answer("grid-conflict-theirs", () => "theirs");
  answer("grid-conflict-mine", () => "mine");
  answer("grid-conflict-chosen", picked);

  /* 没有选就关掉：录入留着，行标着有冲突，按 Ctrl+S 或“去处理”再问 */
  dialog.addEventListener("close", () => {
    if (!open) return;
    open = null;
    grid.announce("录入还在，没有保存");
    grid.focusActive();
  });

  grid.showConflict = show;
})();
