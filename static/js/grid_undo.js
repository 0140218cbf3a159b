/* 预算表格的一次录入：改了哪些格，连同因此清掉的格，一起记下；撤销与重做都是整次。 */
(function () {
  "use strict";

  const grid = window.grid;
  if (!grid) return;

  const MOST = 200;
  const history = []; /* 可撤销的 */
  const undone = []; /* 撤销了、可以重做的 */

  /* 一行里由人录入的格；眼下不录入的是 null */
  function cellsOf(tr) {
    const cells = {};
    (grid.kindOf(tr) === "line" ? grid.facts.line : grid.facts.item).forEach((column) => {
      const td = grid.cellOf(tr, column.name);
      cells[column.name] = grid.isEditable(td) ? grid.rawOf(td) : null;
    });
    return cells;
  }

  /* changes: [{ tr, name, text, old }]。old 是边打边算的格打字以前的内容 */
  function apply(changes) {
    const rows = new Map();
    changes.forEach((change) => {
      const td = grid.cellOf(change.tr, change.name);
      const old = change.old === undefined ? grid.rawOf(td) : change.old;
      if (!grid.isEditable(td) || old === change.text) return;
      if (!rows.has(change.tr)) rows.set(change.tr, { tr: change.tr, version: Number(change.tr.dataset.version), old: cellsOf(change.tr) });
      const row = rows.get(change.tr);
      if (change.old !== undefined) row.old[change.name] = change.old;
      if (change.name === "method") delete grid.stateOf(change.tr).backTo;
      grid.setTyped(change.tr, change.name, change.text);
    });
    if (!rows.size) return [];
    rows.forEach((row) => {
      row.now = cellsOf(row.tr);
      row.names = Object.keys(row.now).filter((name) => row.now[name] !== row.old[name]);
      /* 测算方式决定别的格能不能录入，放在最前 */
      row.names.sort((a, b) => (b === "method") - (a === "method"));
    });
    remember({ rows: Array.from(rows.values()) });
    rows.forEach((row) => grid.emit("change", { tr: row.tr }));
    return Array.from(rows.keys());
  }

  function remember(step) {
    history.push(step);
    if (history.length > MOST) history.shift();
    undone.splice(0);
  }

  /* 行可能已用服务器画的换下 */
  function present(tr) {
    if (document.contains(tr)) return tr;
    const found = document.getElementById(grid.kindOf(tr) + "-" + tr.dataset.id);
    return found && found.tagName === "TBODY" ? found.rows[0] : found;
  }

  /* 换上一次录入以前（old）或以后（now）的各格；返回其中第一格 */
  function put(step, side) {
    let first = null;
    step.rows.forEach((row) => {
      const tr = present(row.tr);
      if (!tr) return;
      row.names.forEach((name) => {
        const td = grid.cellOf(tr, name);
        if (row[side][name] === null || !grid.isEditable(td)) return;
        grid.setTyped(tr, name, row[side][name]);
        first = first || td;
      });
      /* 换回测算方式时，挂在数量上的数据来源由服务器从那一版找回 */
      if (row.names[0] === "method") {
        if (side === "old") grid.stateOf(tr).backTo = row.version;
        else delete grid.stateOf(tr).backTo;
      }
      grid.emit("change", { tr: tr });
    });
    if (!first) grid.announce("所改的行已不在表里");
    else if (grid.active() === first) grid.refreshActive();
    else grid.activate(first);
  }

  function undo() {
    const step = history.pop();
    if (!step) grid.announce("没有可以撤销的录入");
    else if (step.action) {
      undone.splice(0);
      step.action();
    } else {
      undone.push(step);
      put(step, "old");
    }
  }

  function redo() {
    const step = undone.pop();
    if (!step) {
      grid.announce("没有可以重做的录入");
      return;
    }
    history.push(step);
    put(step, "now");
  }

  Object.assign(grid, {
    apply: apply,
    undo: undo,
    redo: redo,
    takeBack: () => put(history.pop(), "old"),
    remember: (action) => remember({ action: action }),
    forget: () => [history, undone].forEach((steps) => steps.splice(0)),
  });
})();
