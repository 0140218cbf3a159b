/* 预算表格的手感：当前格、编辑、键盘移动、选块、行操作菜单。数由 grid_rows.js 算，保存由 grid_save.js 管。 */
(function () {
  "use strict";

  const grid = window.grid;
  if (!grid) return;

  const table = grid.table;
  const box = grid.box;
  const editor = document.createElement("input");
  editor.type = "text";
  editor.className = "grid-editor";
  editor.autocomplete = "off";
  editor.spellcheck = false;

  let active = null; /* 当前格 */
  let isEditing = false;
  let before = ""; /* 进入本格时的内容，Esc 恢复 */
  let series = null; /* 连按 Tab 的起始栏 */
  let goal = 1; /* 上下移动时对齐的列 */
  let anchor = null; /* 选块的起点 */
  let isDragging = false;
  const history = []; /* 可撤销的录入 */

  const listeners = { leaveRow: [], change: [], live: [], activate: [] };

  function on(name, action) {
    listeners[name].push(action);
  }

  function emit(name, detail) {
    listeners[name].forEach((action) => action(detail));
  }

  /* ---- 走动 ---- */

  function isMovable(tr) {
    const kind = grid.kindOf(tr);
    if (!kind) return false;
    if (table.classList.contains("is-folded") && (kind === "line" || kind === "new")) return false;
    return kind === "line" || kind === "item" || grid.isOpen;
  }

  function rowBeside(tr, step) {
    let body = tr.parentNode;
    let row = tr;
    for (;;) {
      row = step > 0 ? row.nextElementSibling : row.previousElementSibling;
      while (!row) {
        body = step > 0 ? body.nextElementSibling : body.previousElementSibling;
        if (!body || body.tagName !== "TBODY") return null;
        row = step > 0 ? body.rows[0] : body.rows[body.rows.length - 1];
      }
      if (isMovable(row)) return row;
    }
  }

  function spanOf(td) {
    const kind = grid.kindOf(td.parentNode);
    const spans = grid.SPANS[kind];
    return spans ? spans[td.cellIndex - 1] : [1, 1];
  }

  function cellAt(tr, column) {
    const kind = grid.kindOf(tr);
    const spans = grid.SPANS[kind];
    if (!spans) return tr.cells[1];
    const index = spans.findIndex((span) => span[0] <= column && column <= span[1]);
    return tr.cells[(index < 0 ? 0 : index) + 1];
  }

  function cellsOf(tr) {
    const kind = grid.kindOf(tr);
    if (kind === "new" || kind === "add") return [tr.cells[1]];
    return Array.prototype.slice.call(tr.cells, 1, -1);
  }

  function editableBeside(td, step) {
    let tr = td.parentNode;
    let cells = cellsOf(tr);
    let index = cells.indexOf(td) + step;
    while (tr) {
      for (; index >= 0 && index < cells.length; index += step) {
        if (grid.isEditable(cells[index])) return cells[index];
      }
      tr = rowBeside(tr, step);
      if (!tr) return null;
      cells = cellsOf(tr);
      index = step > 0 ? 0 : cells.length - 1;
    }
    return null;
  }

  function vertical(td, step) {
    let tr = rowBeside(td.parentNode, step);
    /* 加行的格只在首列方向上停 */
    while (tr && goal > 1 && /^(new|add)$/.test(grid.kindOf(tr))) tr = rowBeside(tr, step);
    return tr ? cellAt(tr, goal) : null;
  }

  function horizontal(td, step) {
    const cells = cellsOf(td.parentNode);
    return cells[cells.indexOf(td) + step] || null;
  }

  /* Enter：同一种行里往下；连按 Tab 之后回到起始栏 */
  function below(td, step) {
    const kind = grid.kindOf(td.parentNode);
    const column = grid.columnOf(td);
    const wanted = series && step > 0 && kind === "line" ? series : column ? column.name : "";
    let tr = rowBeside(td.parentNode, step);
    if (kind === "line" && series && step > 0) {
      if (tr && grid.kindOf(tr) === "new") return tr.cells[1];
    } else {
      while (tr && grid.kindOf(tr) !== kind) tr = rowBeside(tr, step);
    }
    if (!tr) return null;
    const cell = grid.cellOf(tr, wanted) || cellAt(tr, goal);
    if (!series || grid.isEditable(cell)) return cell;
    return grid.cellOf(tr, "label");
  }

  /* ---- 当前格 ---- */

  function show(td) {
    td.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  function activate(td, options) {
    const wants = options || {};
    if (active === td) {
      focusActive();
      return;
    }
    const left = active ? active.parentNode : null;
    leave();
    active = td;
    td.classList.add("is-active");
    td.parentNode.classList.add("is-here");
    if (!wants.keepGoal) goal = spanOf(td)[0];
    if (!wants.keepSeries) series = null;
    if (!wants.extend) clearRange();
    if (grid.isEditable(td)) {
      before = grid.rawOf(td);
      dress(td);
      editor.value = before;
      td.appendChild(editor);
      focusActive();
    } else {
      td.tabIndex = 0;
      td.setAttribute("aria-label", grid.nameOf(td) + " " + (grid.textOf(td) || "空"));
      focusActive();
    }
    show(td);
    showTip();
    if (left && left !== td.parentNode) emit("leaveRow", left);
    emit("activate", td);
  }

  function dress(td) {
    const column = grid.columnOf(td);
    const isChoice = column.kind === "method" || column.kind === "share_basis";
    editor.setAttribute("aria-label", grid.nameOf(td));
    editor.readOnly = isChoice;
    editor.inputMode = column.kind === "text" || isChoice ? "text" : "decimal";
    editor.maxLength = 1000;
    editor.className = "grid-editor is-ready" + (isChoice ? " is-choice" : "");
    if (isChoice) {
      editor.setAttribute("role", "combobox");
      editor.setAttribute("aria-haspopup", "listbox");
      editor.setAttribute("aria-expanded", "false");
      editor.setAttribute("aria-controls", "grid-choices");
    } else {
      ["role", "aria-haspopup", "aria-expanded", "aria-controls", "aria-activedescendant"].forEach((name) => editor.removeAttribute(name));
    }
    isEditing = false;
  }

  function focusActive() {
    if (!active) return;
    if (editor.parentNode === active) {
      editor.focus({ preventScroll: true });
      if (!isEditing) editor.select();
    } else {
      active.focus({ preventScroll: true });
    }
  }

  function setEditing(value) {
    isEditing = value;
    editor.classList.toggle("is-ready", !value);
    const column = value && active ? grid.columnOf(active) : null;
    const isWide = Boolean(column) && column.kind === "text" && column.name !== "unit" && !editor.readOnly && active.offsetWidth < 200;
    if (active) active.classList.toggle("is-wide", isWide);
  }

  function isChoice() {
    return editor.parentNode === active && editor.readOnly;
  }

  /* 收下本格的录入；返回是否有改动 */
  function commit() {
    if (!active || editor.parentNode !== active) return false;
    setEditing(false);
    const text = editor.value.trim();
    const tr = active.parentNode;
    if (text === before) {
      if (editor.value !== before) editor.value = before;
      return false;
    }
    const column = grid.columnOf(active);
    const kind = grid.kindOf(tr);
    if (kind === "new" || kind === "add") {
      const cell = active;
      before = "";
      editor.value = "";
      emit("change", { tr: tr, column: column, text: text, cell: cell, isNew: true });
      return true;
    }
    remember([{ tr: tr, name: column.name, old: before, now: text }]);
    before = text;
    grid.setTyped(tr, column.name, text);
    emit("change", { tr: tr, column: column, text: text, cell: active });
    return true;
  }

  function leave() {
    if (!active) return;
    commit();
    const td = active;
    active = null;
    td.classList.remove("is-active", "is-wide");
    td.parentNode.classList.remove("is-here");
    if (editor.parentNode === td) td.removeChild(editor);
    td.removeAttribute("tabindex");
    td.removeAttribute("aria-label");
    hideTip();
  }

  function restore() {
    editor.value = before;
    const column = grid.columnOf(active);
    const tr = active.parentNode;
    if (/^(line|item)$/.test(grid.kindOf(tr))) {
      grid.setTyped(tr, column.name, before);
      emit("change", { tr: tr, column: column, text: before, cell: active });
    }
    setEditing(false);
    editor.select();
    showTip();
  }

  /* 保存回来后，当前格若没有在编辑，跟着显示新内容 */
  function refreshActive() {
    if (!active || !document.contains(active)) {
      active = null;
      return;
    }
    if (editor.parentNode === active && !isEditing) {
      before = grid.rawOf(active);
      if (editor.value !== before) {
        editor.value = before;
        if (document.activeElement === editor) editor.select();
      }
      if (!grid.isEditable(active)) {
        const td = active;
        leave();
        activate(td);
      }
    }
    showTip();
  }

  /* ---- 错误提示 ---- */

  const tip = document.getElementById("grid-tip");

  function showTip() {
    if (!active) return hideTip();
    const column = grid.columnOf(active);
    const errors = grid.stateOf(active.parentNode).errors;
    const text = column ? errors[column.name] : "";
    editor.removeAttribute("aria-invalid");
    editor.removeAttribute("aria-describedby");
    if (!text) return hideTip();
    if (editor.parentNode === active) {
      editor.setAttribute("aria-invalid", "true");
      editor.setAttribute("aria-describedby", "grid-tip");
    }
    if (tip.textContent !== text) tip.textContent = text;
    tip.hidden = false;
    place(tip, active);
    return undefined;
  }

  function hideTip() {
    tip.hidden = true;
  }

  /* 浮层放在格的下面，放不下就放上面 */
  function place(layer, td) {
    const cell = td.getBoundingClientRect();
    const height = layer.offsetHeight;
    const width = layer.offsetWidth;
    const isAbove = cell.bottom + height + 4 > window.innerHeight - 8;
    layer.style.left = Math.max(8, Math.min(cell.left, window.innerWidth - width - 8)) + "px";
    layer.style.top = (isAbove ? cell.top - height - 3 : cell.bottom + 3) + "px";
  }

  box.addEventListener("scroll", () => {
    if (!tip.hidden && active) place(tip, active);
    closeMenu();
  });

  /* ---- 选块 ---- */

  function rowsOfKind(kind) {
    return Array.prototype.filter.call(table.querySelectorAll(kind === "line" ? ".r-line" : ".r-item"), isMovable);
  }

  function range() {
    if (!anchor || !active) return active ? [[active]] : [];
    const kind = grid.kindOf(active.parentNode);
    if (grid.kindOf(anchor.parentNode) !== kind) return [[active]];
    const rows = rowsOfKind(kind);
    const ends = [rows.indexOf(anchor.parentNode), rows.indexOf(active.parentNode)].sort((a, b) => a - b);
    const sides = [anchor.cellIndex, active.cellIndex].sort((a, b) => a - b);
    return rows.slice(ends[0], ends[1] + 1).map((tr) => Array.prototype.slice.call(tr.cells, sides[0], sides[1] + 1));
  }

  function clearRange() {
    anchor = null;
    Array.prototype.forEach.call(table.querySelectorAll(".is-range"), (td) => td.classList.remove("is-range"));
  }

  function extend(td) {
    if (!td || !active || grid.kindOf(td.parentNode) !== grid.kindOf(active.parentNode)) return;
    const from = anchor || active;
    if (td !== active) activate(td, { extend: true, keepGoal: td.parentNode !== active.parentNode });
    anchor = from;
    Array.prototype.forEach.call(table.querySelectorAll(".is-range"), (cell) => cell.classList.remove("is-range"));
    const cells = range();
    if (cells.length > 1 || cells[0].length > 1) cells.forEach((row) => row.forEach((cell) => cell.classList.add("is-range")));
  }

  function hasRange() {
    const cells = range();
    return cells.length > 1 || (cells.length === 1 && cells[0].length > 1);
  }

  /* ---- 成批录入：清空、向下填充；一次撤销 ---- */

  function write(changes) {
    const done = [];
    changes.forEach((change) => {
      if (!grid.isEditable(change.td)) return;
      const tr = change.td.parentNode;
      const name = grid.columnOf(change.td).name;
      const old = grid.rawOf(change.td);
      if (old === change.text) return;
      grid.setTyped(tr, name, change.text);
      done.push({ tr: tr, name: name, old: old, now: change.text });
      emit("change", { tr: tr, column: grid.columnOf(change.td), text: change.text, cell: change.td });
    });
    if (done.length) remember(done);
    refreshActive();
    const rows = new Set(done.map((change) => change.tr));
    rows.forEach((tr) => {
      if (!active || active.parentNode !== tr) emit("leaveRow", tr);
    });
  }

  function clear() {
    const changes = [];
    range().forEach((row) =>
      row.forEach((td) => {
        const column = grid.columnOf(td);
        if (column && column.kind !== "method" && column.name !== "name") changes.push({ td: td, text: "" });
      })
    );
    write(changes);
  }

  function fillDown() {
    const cells = range();
    const changes = [];
    if (cells.length > 1) {
      cells.slice(1).forEach((row) => row.forEach((td, index) => changes.push({ td: td, text: grid.rawOf(cells[0][index]) })));
    } else {
      const kind = grid.kindOf(active.parentNode);
      let above = rowBeside(active.parentNode, -1);
      while (above && grid.kindOf(above) !== kind) above = rowBeside(above, -1);
      if (!above) return;
      cells[0].forEach((td) => changes.push({ td: td, text: grid.rawOf(above.cells[td.cellIndex]) }));
    }
    write(changes);
  }

  function remember(changes) {
    history.push({ changes: changes });
    if (history.length > 200) history.shift();
  }

  function undo() {
    const last = history.pop();
    if (!last) {
      grid.announce("没有可以撤销的录入");
      return;
    }
    if (last.action) {
      last.action();
      return;
    }
    let first = null;
    last.changes
      .slice()
      .reverse()
      .forEach((change) => {
        if (!document.contains(change.tr)) return;
        const td = grid.cellOf(change.tr, change.name);
        if (change.name !== "method" && !grid.isEditable(td)) return;
        grid.setTyped(change.tr, change.name, change.old);
        emit("change", { tr: change.tr, column: grid.columnOf(td), text: change.old, cell: td });
        first = td;
      });
    if (first) {
      if (active === first) refreshActive();
      else activate(first);
    }
  }

  /* ---- 键盘 ---- */

  function go(td, options) {
    if (td) activate(td, options);
    else {
      commit();
      if (active) {
        editor.select();
        emit("leaveRow", active.parentNode);
      }
    }
    return true;
  }

  function atEdge(step) {
    if (editor.selectionStart !== editor.selectionEnd) return false;
    return step > 0 ? editor.selectionEnd === editor.value.length : editor.selectionStart === 0;
  }

  const actions = {
    ArrowUp: (event) => (event.shiftKey ? (extend(sameKind(-1)), true) : go(vertical(active, -1), { keepGoal: true })),
    ArrowDown: (event) => (event.shiftKey ? (extend(sameKind(1)), true) : go(vertical(active, 1), { keepGoal: true })),
    ArrowLeft: (event) => sideways(event, -1),
    ArrowRight: (event) => sideways(event, 1),
    Home: (event) => edge(event, -1),
    End: (event) => edge(event, 1),
    PageUp: () => page(-1),
    PageDown: () => page(1),
    Enter: (event) => {
      const isNew = /^(new|add)$/.test(grid.kindOf(active.parentNode));
      if (isNew) return go(null);
      const kept = series;
      return go(below(active, event.shiftKey ? -1 : 1), { keepSeries: kept !== null });
    },
    Tab: (event) => {
      const step = event.shiftKey ? -1 : 1;
      const column = grid.columnOf(active);
      const kind = grid.kindOf(active.parentNode);
      if (step > 0 && series === null && column) series = column.name;
      const started = series;
      if (kind === "add" && commit()) return true; /* 新项目由服务器建好后再移过去 */
      if (kind === "new" && commit() && step > 0) {
        activate(grid.cellOf(active.parentNode.previousElementSibling, "method"));
        series = "label";
        return true;
      }
      const next = editableBeside(active, step);
      if (!next) {
        commit();
        emit("leaveRow", active.parentNode);
        return false;
      }
      const isNextRow = next.parentNode !== active.parentNode;
      activate(next, { keepSeries: true });
      series = step > 0 ? (isNextRow ? (grid.columnOf(next) || {}).name || null : started) : null;
      return true;
    },
    Escape: () => {
      if (isEditing) restore();
      else clearRange();
      return true;
    },
    F2: () => {
      if (editor.parentNode !== active) return true;
      if (isChoice()) window.grid.openChoices(true);
      else {
        setEditing(true);
        editor.setSelectionRange(editor.value.length, editor.value.length);
      }
      return true;
    },
    Delete: () => {
      if (isEditing) return false;
      if (grid.isOpen) clear();
      return true;
    },
    Backspace: () => {
      if (isEditing || !isChoice()) return false;
      return true;
    },
    Insert: () => {
      const body = active.parentNode.parentNode;
      const row = body.querySelector(".r-new");
      if (row && grid.isOpen) {
        setFolded(false);
        activate(row.cells[1]);
      }
      return true;
    },
    F1: () => {
      window.house.openDialog("grid-keys");
      return true;
    },
    ContextMenu: () => {
      openMenu(active.parentNode);
      return true;
    },
  };

  function sameKind(step) {
    const kind = grid.kindOf(active.parentNode);
    let tr = rowBeside(active.parentNode, step);
    while (tr && grid.kindOf(tr) !== kind) tr = rowBeside(tr, step);
    return tr ? tr.cells[active.cellIndex] : null;
  }

  function sideways(event, step) {
    if (event.shiftKey && !isEditing) {
      extend(horizontal(active, step));
      return true;
    }
    const next = horizontal(active, step);
    if (isEditing && (event.shiftKey || !atEdge(step) || !next)) return false;
    return go(next);
  }

  function edge(event, step) {
    if (isEditing && !event.ctrlKey) return false;
    if (event.ctrlKey) {
      const rows = Array.prototype.filter.call(table.querySelectorAll("tbody > tr"), isMovable);
      const tr = step > 0 ? rows[rows.length - 1] : rows[0];
      return tr ? go(tr.cells[1]) : true;
    }
    const cells = cellsOf(active.parentNode);
    const wanted = step > 0 ? cells.slice().reverse() : cells;
    return go(wanted.find((td) => grid.isEditable(td)) || wanted[0]);
  }

  function page(step) {
    let tr = active.parentNode;
    const count = Math.max(1, Math.floor(box.clientHeight / 30) - 6);
    for (let i = 0; i < count; i += 1) {
      const next = rowBeside(tr, step);
      if (!next) break;
      tr = next;
    }
    return go(cellAt(tr, goal), { keepGoal: true });
  }

  function withControl(event) {
    const key = event.key.toLowerCase();
    if (key === "s") {
      commit();
      window.grid.saveAll();
      return true;
    }
    if (key === "d" && !event.shiftKey) {
      commit();
      if (grid.isOpen) fillDown();
      return true;
    }
    if (key === "z" && !isEditing && grid.isOpen) {
      undo();
      return true;
    }
    if (event.key === "Delete" && grid.isOpen) {
      window.grid.askRemove(active.parentNode);
      return true;
    }
    return (event.key === "Home" || event.key === "End") && actions[event.key](event);
  }

  function withAlt(event) {
    const key = event.key.toLowerCase();
    if (key === "h") {
      window.grid.openHistory(active.parentNode);
      return true;
    }
    if ((event.key === "ArrowUp" || event.key === "ArrowDown") && grid.isOpen && !isChoice()) {
      commit();
      window.grid.moveRow(active.parentNode, event.key === "ArrowUp" ? -1 : 1);
      return true;
    }
    if (event.key === "ArrowDown" && isChoice()) {
      window.grid.openChoices(true);
      return true;
    }
    return false;
  }

  table.addEventListener("keydown", (event) => {
    if (!active || event.isComposing || event.keyCode === 229) return;
    if (event.target.classList.contains("row-more")) return;
    if (window.grid.choicesOpen && window.grid.choicesOpen() && window.grid.choiceKey(event)) return;
    let isDone = false;
    if (event.ctrlKey || event.metaKey) isDone = withControl(event);
    else if (event.altKey) isDone = withAlt(event);
    else if (event.key === "?" && !isEditing) isDone = actions.F1();
    else if (event.key === "F10" && event.shiftKey) isDone = actions.ContextMenu();
    else if (Object.prototype.hasOwnProperty.call(actions, event.key)) isDone = actions[event.key](event);
    else if (isChoice() && event.key.length === 1) isDone = window.grid.chooseByKey(event.key);
    if (isDone) event.preventDefault();
  });

  editor.addEventListener("input", () => {
    setEditing(true);
    const tr = active.parentNode;
    emit("live", { tr: tr, cell: active, text: editor.value });
  });

  editor.addEventListener("compositionstart", () => setEditing(true));

  /* ---- 鼠标 ---- */

  function cellFrom(target) {
    const td = target.closest ? target.closest("td") : null;
    if (!td || !table.contains(td) || td.closest("tfoot, thead")) return null;
    const tr = td.parentNode;
    const kind = grid.kindOf(tr);
    if (!kind || !isMovable(tr)) return null;
    if (kind === "new" || kind === "add") return grid.isOpen ? tr.cells[1] : null;
    return td.cellIndex >= 1 && td.cellIndex < tr.cells.length - 1 ? td : null;
  }

  table.addEventListener("mousedown", (event) => {
    if (event.button !== 0) return;
    if (event.target === editor) {
      if (isChoice()) {
        event.preventDefault();
        window.grid.openChoices(!window.grid.choicesOpen());
      } else if (!event.shiftKey) {
        setEditing(true);
        clearRange();
      }
      return;
    }
    const td = cellFrom(event.target);
    if (!td || event.target.closest("button")) return;
    event.preventDefault();
    if (event.shiftKey) extend(td);
    else {
      activate(td);
      isDragging = true;
    }
  });

  table.addEventListener("mouseover", (event) => {
    if (!isDragging || event.buttons !== 1) {
      isDragging = false;
      return;
    }
    const td = cellFrom(event.target);
    if (td) extend(td);
  });

  document.addEventListener("mouseup", () => {
    isDragging = false;
  });

  table.addEventListener("dblclick", (event) => {
    const td = cellFrom(event.target);
    if (td && td === active) actions.F2();
  });

  /* 离开表格：收下录入并保存本行 */
  table.addEventListener("focusout", (event) => {
    if (event.relatedTarget && table.contains(event.relatedTarget)) return;
    if (!active || !document.hasFocus()) return;
    commit();
    emit("leaveRow", active.parentNode);
  });

  table.addEventListener("focusin", (event) => {
    const target = event.target;
    if (target.classList && target.classList.contains("row-more")) return;
    if (!active && target.tagName === "TD") activate(target);
    else showTip();
  });

  /* 截短的格，指着时给出全文 */
  table.addEventListener("mouseover", (event) => {
    const td = event.target;
    if (td.tagName !== "TD" && td.tagName !== "TH") return;
    if (td.scrollWidth > td.clientWidth && grid.textOf(td)) td.title = grid.textOf(td);
    else if (td.title) td.removeAttribute("title");
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "F6" && !document.querySelector("dialog[open]")) {
      event.preventDefault();
      cycle();
    }
  });

  /* F6：表格 → 面板 → 工具条 → 表格 */
  function cycle() {
    const panel = document.getElementById("grid-panel");
    const here = document.activeElement;
    if (table.contains(here) && !panel.hidden) panel.focus();
    else if (table.contains(here) || panel.contains(here)) document.querySelector(".grid-bar button:not([hidden])").focus();
    else if (active && document.contains(active)) focusActive();
    else start();
  }

  function start() {
    const first = Array.prototype.find.call(table.querySelectorAll("tbody > tr"), isMovable);
    if (first) activate(first.cells[1]);
  }

  /* ---- 行操作菜单 ---- */

  const menu = document.getElementById("grid-menu");
  let menuOwner = null;

  function entry(label, keys, action, isDanger) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "menu__item" + (isDanger ? " negative" : "");
    button.setAttribute("role", "menuitem");
    button.tabIndex = -1;
    button.appendChild(document.createTextNode(label));
    if (keys) {
      const kbd = document.createElement("kbd");
      kbd.textContent = keys;
      button.appendChild(kbd);
    }
    button.addEventListener("click", () => {
      closeMenu();
      action();
    });
    menu.appendChild(button);
  }

  function openMenu(tr) {
    const kind = grid.kindOf(tr);
    if (kind !== "line" && kind !== "item") return;
    menu.textContent = "";
    menuOwner = tr;
    entry("修改历史", "Alt+H", () => window.grid.openHistory(tr));
    if (kind === "item") entry("说明、依据、科目与绩效", "", () => window.location.assign(table.dataset.itemPageUrl.replace("/0/", "/" + tr.dataset.id + "/")));
    if (kind === "line" && tr.dataset.id && /^(headcount|tiered)$/.test(tr.dataset.method)) {
      entry("数据来源", "", () => window.htmx.ajax("GET", table.dataset.lineSourceUrl.replace("/0/", "/" + tr.dataset.id + "/"), "#dialog-body"));
    }
    if (grid.isOpen) {
      entry("上移", "Alt+↑", () => window.grid.moveRow(tr, -1));
      entry("下移", "Alt+↓", () => window.grid.moveRow(tr, 1));
      entry(kind === "item" ? "删除项目" : "删除测算行", "Ctrl+Delete", () => window.grid.askRemove(tr), true);
    }
    menu.hidden = false;
    place(menu, tr.cells[tr.cells.length - 1]);
    menu.firstChild.focus();
  }

  function closeMenu(refocus) {
    if (menu.hidden) return;
    menu.hidden = true;
    menuOwner = null;
    if (refocus) focusActive();
  }

  menu.addEventListener("keydown", (event) => {
    const items = Array.prototype.slice.call(menu.children);
    const index = items.indexOf(document.activeElement);
    const moves = { ArrowDown: index + 1, ArrowUp: index - 1 + items.length, Home: 0, End: items.length - 1 };
    if (event.key === "Escape" || event.key === "Tab") closeMenu(true);
    else if (moves[event.key] !== undefined) items[moves[event.key] % items.length].focus();
    else return;
    event.preventDefault();
  });

  table.addEventListener("click", (event) => {
    const button = event.target.closest ? event.target.closest(".row-more") : null;
    if (!button) return;
    event.stopPropagation();
    const tr = button.closest("tr");
    if (menuOwner === tr) closeMenu();
    else openMenu(tr);
  });

  document.addEventListener("mousedown", (event) => {
    if (!menu.hidden && !menu.contains(event.target) && !(event.target.closest && event.target.closest(".row-more"))) closeMenu();
  });

  window.addEventListener("resize", () => {
    closeMenu();
    showTip();
  });

  /* ---- 只看项目；从别的页面点来的行 ---- */

  const fold = document.getElementById("grid-fold");
  function setFolded(isFolded) {
    if (isFolded && active && /^(line|new)$/.test(grid.kindOf(active.parentNode))) leave();
    table.classList.toggle("is-folded", isFolded);
    fold.setAttribute("aria-pressed", String(isFolded));
  }

  fold.addEventListener("click", () => setFolded(!table.classList.contains("is-folded")));

  function arrive() {
    const target = location.hash ? document.getElementById(location.hash.slice(1)) : null;
    if (!target || !table.contains(target)) return;
    const tr = target.tagName === "TBODY" ? target.rows[0] : target;
    setFolded(false);
    activate(tr.cells[1]);
    Array.prototype.forEach.call(tr.cells, (td) => td.classList.add("is-moving"));
  }

  Object.assign(window.grid, {
    on: on,
    editor: editor,
    active: () => active,
    isEditing: () => isEditing,
    activate: activate,
    focusActive: focusActive,
    refreshActive: refreshActive,
    commit: commit,
    leave: leave,
    range: range,
    hasRange: hasRange,
    clear: clear,
    place: place,
    showTip: showTip,
    hideTip: hideTip,
    remember: (action) => history.push({ action: action }),
    forget: () => history.splice(0),
    rowBeside: rowBeside,
    editableBeside: editableBeside,
    setChoice: (text) => {
      editor.value = text;
      commit();
      editor.select();
    },
  });

  /* 从页面其他地方按 Tab 进来时的第一格 */
  const entrance = Array.prototype.find.call(table.querySelectorAll("tbody > tr"), isMovable);
  if (entrance) entrance.cells[1].tabIndex = 0;

  window.addEventListener("hashchange", arrive);
  document.addEventListener("DOMContentLoaded", arrive);
  if (document.readyState === "complete") arrive();
})();
