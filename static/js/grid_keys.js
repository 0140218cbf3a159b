/* 预算表格的按键与鼠标：移动、编辑、选块、清空、向下填充、撤销。 */
(function () {
  "use strict";

  const grid = window.grid;
  if (!grid) return;

  const table = grid.table;
  const box = grid.box;
  const editor = grid.editor;
  const here = grid.here;
  let isDragging = false;

  /* ---- 成批录入：清空、向下填充；一次撤销 ---- */

  function write(changes) {
    grid.commit();
    const known = changes.filter((change) => grid.columnOf(change.td));
    const rows = grid.apply(known.map((change) => ({ tr: change.td.parentNode, name: grid.columnOf(change.td).name, text: change.text })));
    grid.refreshActive();
    rows.forEach((tr) => {
      if (!here.cell || here.cell.parentNode !== tr) grid.emit("leaveRow", tr);
    });
  }

  function clear() {
    const changes = [];
    grid.range().forEach((row) =>
      row.forEach((td) => {
        const column = grid.columnOf(td);
        if (column && column.kind !== "method" && column.name !== "name") changes.push({ td: td, text: "" });
      })
    );
    write(changes);
  }

  function fillDown() {
    const cells = grid.range();
    const changes = [];
    if (cells.length > 1) {
      cells.slice(1).forEach((row) => row.forEach((td, index) => changes.push({ td: td, text: grid.rawOf(cells[0][index]) })));
    } else {
      const kind = grid.kindOf(here.cell.parentNode);
      let above = grid.rowBeside(here.cell.parentNode, -1);
      while (above && grid.kindOf(above) !== kind) above = grid.rowBeside(above, -1);
      if (!above) return;
      cells[0].forEach((td) => changes.push({ td: td, text: grid.rawOf(above.cells[td.cellIndex]) }));
    }
    write(changes);
  }

  /* ---- 键盘 ---- */

  function go(td, options) {
    if (td) grid.activate(td, options);
    else {
      grid.commit();
      if (here.cell) {
        editor.select();
        grid.emit("leaveRow", here.cell.parentNode);
      }
    }
    return true;
  }

  function atEdge(step) {
    if (editor.selectionStart !== editor.selectionEnd) return false;
    return step > 0 ? editor.selectionEnd === editor.value.length : editor.selectionStart === 0;
  }

  const actions = {
    ArrowUp: (event) => (event.shiftKey ? (grid.extend(sameKind(-1)), true) : go(grid.vertical(here.cell, -1), { keepGoal: true })),
    ArrowDown: (event) => (event.shiftKey ? (grid.extend(sameKind(1)), true) : go(grid.vertical(here.cell, 1), { keepGoal: true })),
    ArrowLeft: (event) => sideways(event, -1),
    ArrowRight: (event) => sideways(event, 1),
    Home: (event) => edge(event, -1),
    End: (event) => edge(event, 1),
    PageUp: () => page(-1),
    PageDown: () => page(1),
    Enter: (event) => {
      const isNew = /^(new|add)$/.test(grid.kindOf(here.cell.parentNode));
      if (isNew) return go(null);
      const kept = here.series;
      return go(grid.below(here.cell, event.shiftKey ? -1 : 1), { keepSeries: kept !== null });
    },
    Tab: (event) => {
      const step = event.shiftKey ? -1 : 1;
      const column = grid.columnOf(here.cell);
      const kind = grid.kindOf(here.cell.parentNode);
      if (step > 0 && here.series === null && column) here.series = column.name;
      const started = here.series;
      if (kind === "add" && grid.commit()) return true; /* 新项目由服务器建好后再移过去 */
      if (kind === "new" && grid.commit() && step > 0) {
        grid.activate(grid.cellOf(here.cell.parentNode.previousElementSibling, "method"));
        here.series = "label";
        return true;
      }
      const next = grid.editableBeside(here.cell, step);
      if (!next) {
        grid.commit();
        grid.emit("leaveRow", here.cell.parentNode);
        return false;
      }
      const isNextRow = next.parentNode !== here.cell.parentNode;
      grid.activate(next, { keepSeries: true });
      here.series = step > 0 ? (isNextRow ? (grid.columnOf(next) || {}).name || null : started) : null;
      return true;
    },
    Escape: () => {
      if (!grid.restore()) grid.clearRange();
      return true;
    },
    F2: () => {
      if (editor.parentNode !== here.cell) return true;
      if (grid.isChoice()) grid.openChoices(true);
      else {
        grid.setEditing(true);
        editor.setSelectionRange(editor.value.length, editor.value.length);
      }
      return true;
    },
    Delete: () => {
      if (here.isEditing) return false;
      if (grid.isOpen) clear();
      return true;
    },
    Backspace: () => {
      if (here.isEditing || !grid.isChoice()) return false;
      return true;
    },
    Insert: () => {
      const body = here.cell.parentNode.parentNode;
      const row = body.querySelector(".r-new");
      if (row && grid.isOpen) {
        setFolded(false);
        grid.activate(row.cells[1]);
      }
      return true;
    },
    F1: () => {
      window.house.openDialog("grid-keys");
      return true;
    },
    ContextMenu: () => {
      grid.openMenu(here.cell.parentNode);
      return true;
    },
  };

  function sameKind(step) {
    const kind = grid.kindOf(here.cell.parentNode);
    let tr = grid.rowBeside(here.cell.parentNode, step);
    while (tr && grid.kindOf(tr) !== kind) tr = grid.rowBeside(tr, step);
    return tr ? tr.cells[here.cell.cellIndex] : null;
  }

  function sideways(event, step) {
    if (event.shiftKey && !here.isEditing) {
      grid.extend(grid.horizontal(here.cell, step));
      return true;
    }
    const next = grid.horizontal(here.cell, step);
    if (here.isEditing && (event.shiftKey || !atEdge(step) || !next)) return false;
    return go(next);
  }

  function edge(event, step) {
    if (here.isEditing && !event.ctrlKey) return false;
    if (event.ctrlKey) {
      const rows = Array.from(table.querySelectorAll("tbody > tr")).filter(grid.isMovable);
      const tr = step > 0 ? rows[rows.length - 1] : rows[0];
      return tr ? go(tr.cells[1]) : true;
    }
    const cells = grid.cellsOf(here.cell.parentNode);
    const wanted = step > 0 ? cells.slice().reverse() : cells;
    return go(wanted.find((td) => grid.isEditable(td)) || wanted[0]);
  }

  function page(step) {
    let tr = here.cell.parentNode;
    const count = Math.max(1, Math.floor(box.clientHeight / here.cell.offsetHeight) - 6); /* 6：表头与合计占去的行 */
    for (let i = 0; i < count; i += 1) {
      const next = grid.rowBeside(tr, step);
      if (!next) break;
      tr = next;
    }
    return go(grid.cellAt(tr, here.goal), { keepGoal: true });
  }

  function withControl(event) {
    const key = event.key.toLowerCase();
    if (key === "s") {
      grid.commit();
      grid.saveNow();
      return true;
    }
    if (key === "d" && !event.shiftKey) {
      grid.commit();
      if (grid.isOpen) fillDown();
      return true;
    }
    if ((key === "z" || key === "y") && !here.isEditing && grid.isOpen) {
      grid.commit();
      if (key === "y" || event.shiftKey) grid.redo();
      else grid.undo();
      return true;
    }
    if (event.key === "Delete" && grid.isOpen) {
      grid.askRemove(here.cell.parentNode);
      return true;
    }
    return (event.key === "Home" || event.key === "End") && actions[event.key](event);
  }

  function withAlt(event) {
    const key = event.key.toLowerCase();
    if (key === "n" && grid.isOpen) {
      const group = here.cell.parentNode.parentNode.dataset.group;
      const row = table.querySelector('.b-add[data-group="' + group + '"] .r-add');
      if (row) grid.activate(row.cells[1]);
      return true;
    }
    if (event.key === "Insert") return actions.Insert();
    if (key === "h") {
      grid.openHistory(here.cell.parentNode);
      return true;
    }
    if ((event.key === "ArrowUp" || event.key === "ArrowDown") && grid.isOpen && !grid.isChoice()) {
      grid.commit();
      grid.moveRow(here.cell.parentNode, event.key === "ArrowUp" ? -1 : 1);
      return true;
    }
    if (event.key === "ArrowDown" && grid.isChoice()) {
      grid.openChoices(true);
      return true;
    }
    return false;
  }

  table.addEventListener("keydown", (event) => {
    if (!here.cell || event.isComposing || event.keyCode === 229) return;
    if (event.target.classList.contains("row-more")) return;
    if (grid.choicesOpen && grid.choicesOpen() && grid.choiceKey(event)) return;
    let isDone = false;
    if (event.ctrlKey || event.metaKey) isDone = withControl(event);
    else if (event.altKey) isDone = withAlt(event);
    else if (event.key === "?" && !here.isEditing) isDone = actions.F1();
    else if (event.key === "F10" && event.shiftKey) isDone = actions.ContextMenu();
    else if (Object.prototype.hasOwnProperty.call(actions, event.key)) isDone = actions[event.key](event);
    else if (grid.isChoice() && event.key.length === 1) isDone = grid.chooseByKey(event.key);
    if (isDone) event.preventDefault();
  });

  editor.addEventListener("input", () => {
    grid.setEditing(true);
    const tr = here.cell.parentNode;
    grid.emit("live", { tr: tr, cell: here.cell, text: editor.value });
  });

  editor.addEventListener("compositionstart", () => grid.setEditing(true));

  /* ---- 鼠标 ---- */

  function cellFrom(target) {
    const td = target.closest ? target.closest("td") : null;
    if (!td || !table.contains(td) || td.closest("tfoot, thead")) return null;
    const tr = td.parentNode;
    const kind = grid.kindOf(tr);
    if (!kind || !grid.isMovable(tr)) return null;
    if (kind === "new" || kind === "add") return grid.isOpen && td.cellIndex === 1 ? td : null;
    return td.cellIndex >= 1 && td.cellIndex < tr.cells.length - 1 ? td : null;
  }

  table.addEventListener("mousedown", (event) => {
    if (event.button !== 0) return;
    if (event.target === editor) {
      if (grid.isChoice()) {
        event.preventDefault();
        grid.openChoices(!grid.choicesOpen());
      } else if (!event.shiftKey) {
        grid.setEditing(true);
        grid.clearRange();
      }
      return;
    }
    const td = cellFrom(event.target);
    if (!td || event.target.closest("button, a")) return;
    event.preventDefault();
    if (event.shiftKey) grid.extend(td);
    else {
      grid.activate(td);
      isDragging = true;
    }
  });

  table.addEventListener("mouseover", (event) => {
    if (!isDragging || event.buttons !== 1) {
      isDragging = false;
      return;
    }
    const td = cellFrom(event.target);
    if (td) grid.extend(td);
  });

  document.addEventListener("mouseup", () => {
    isDragging = false;
  });

  table.addEventListener("dblclick", (event) => {
    const td = cellFrom(event.target);
    if (td && td === here.cell) actions.F2();
  });

  /* 离开表格：收下录入并保存本行 */
  table.addEventListener("focusout", (event) => {
    if (event.relatedTarget && table.contains(event.relatedTarget)) return;
    if (!here.cell || !document.hasFocus()) return;
    grid.commit();
    grid.emit("leaveRow", here.cell.parentNode);
  });

  table.addEventListener("focusin", (event) => {
    const target = event.target;
    if (target.classList && target.classList.contains("row-more")) return;
    if (!here.cell && target.tagName === "TD") grid.activate(target);
    else grid.showTip();
  });

  /* 截短的格，指着时给出全文 */
  table.addEventListener("mouseover", (event) => {
    const td = event.target;
    if (td.tagName !== "TD" && td.tagName !== "TH") return;
    if (isCut(td) && grid.textOf(td)) td.title = grid.textOf(td);
    else if (td.title) td.removeAttribute("title");
  });

  /* 格里放不下，或有一截在吸住的金额列下面 */
  function isCut(td) {
    const cells = td.parentNode.cells;
    const isBeforeAmount = td.cellIndex < cells.length - 3;
    return td.scrollWidth > td.clientWidth || (isBeforeAmount && td.getBoundingClientRect().right > cells[cells.length - 3].getBoundingClientRect().left + 1);
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "F6" && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      cycle();
    }
  });

  /* F6：表格 → 面板 → 工具条 → 表格 */
  function cycle() {
    const panel = document.getElementById("grid-panel");
    const focused = document.activeElement;
    if (table.contains(focused) && !panel.hidden) panel.focus();
    else if (table.contains(focused) || panel.contains(focused)) document.querySelector(".grid-bar button:not([hidden])").focus();
    else if (here.cell && document.contains(here.cell)) grid.focusActive();
    else start();
  }

  function start() {
    const first = Array.from(table.querySelectorAll("tbody > tr")).find(grid.isMovable);
    if (first) grid.activate(first.cells[1]);
  }

  /* ---- 只看项目；从别的页面点来的行 ---- */

  const fold = document.getElementById("grid-fold");

  function setFolded(isFolded) {
    if (isFolded && here.cell && /^(line|new)$/.test(grid.kindOf(here.cell.parentNode))) grid.leave();
    table.classList.toggle("is-folded", isFolded);
    fold.setAttribute("aria-pressed", String(isFolded));
  }

  fold.addEventListener("click", () => setFolded(!table.classList.contains("is-folded")));

  function arrive() {
    const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
    if (!target || !table.contains(target)) return;
    const tr = target.tagName === "TBODY" ? target.rows[0] : target;
    setFolded(false);
    grid.activate(tr.cells[1]);
    Array.from(tr.cells).forEach((td) => td.classList.add("is-moving"));
  }

  window.addEventListener("hashchange", arrive);
  document.addEventListener("DOMContentLoaded", arrive);

  grid.clear = clear;
})();
