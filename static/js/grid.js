/* 预算表格的当前格：走到哪里、编辑、选块、错误提示。数由 grid_rows.js 算，按键在 grid_keys.js，保存在 grid_save.js。 */
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

  /* cell 当前格；before 已收下的内容；back 按 Esc 恢复成的内容；chosen 进入本格以来选过几次，离开前不保存；
     wrong 最近出错的格；series 连按 Tab 的起始栏；goal 上下移动时对齐的列；anchor 选块的起点 */
  const here = { cell: null, isEditing: false, before: "", back: "", chosen: 0, wrong: null, series: null, goal: 1, anchor: null };

  const listeners = { leaveRow: [], change: [], live: [], activate: [], settled: [] };

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
    return Array.from(tr.cells).slice(1, -1);
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
    /* “＋测算行”只在首列方向上停；“＋项目”从哪一列都走得到 */
    while (tr && here.goal > 1 && grid.kindOf(tr) === "new") tr = rowBeside(tr, step);
    return tr ? cellAt(tr, here.goal) : null;
  }

  function horizontal(td, step) {
    const cells = cellsOf(td.parentNode);
    return cells[cells.indexOf(td) + step] || null;
  }

  /* Enter：同一种行里往下；连按 Tab 之后回到起始栏 */
  function below(td, step) {
    const kind = grid.kindOf(td.parentNode);
    const column = grid.columnOf(td);
    const wanted = here.series && step > 0 && kind === "line" ? here.series : column ? column.name : "";
    let tr = rowBeside(td.parentNode, step);
    if (kind === "line" && here.series && step > 0) {
      if (tr && grid.kindOf(tr) === "new") return tr.cells[1];
    } else {
      while (tr && grid.kindOf(tr) !== kind) tr = rowBeside(tr, step);
    }
    if (!tr) return null;
    const cell = grid.cellOf(tr, wanted) || cellAt(tr, here.goal);
    if (!here.series || grid.isEditable(cell)) return cell;
    return grid.cellOf(tr, "label");
  }

  /* ---- 当前格 ---- */

  function show(td) {
    td.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /* 表在当前行上面长高了（加了一行、测算句折行），当前行仍要整个看得见；人自己滚开了的不动 */
  function keepInView(action) {
    const isSeen = Boolean(here.cell) && isInView(here.cell);
    const result = action();
    if (isSeen && here.cell && document.contains(here.cell)) show(here.cell);
    return result;
  }

  function isInView(td) {
    const cell = td.getBoundingClientRect();
    const frame = box.getBoundingClientRect();
    return cell.bottom > frame.top && cell.top < frame.bottom;
  }

  function activate(td, options) {
    const wants = options || {};
    if (here.cell === td) {
      focusActive();
      return;
    }
    const left = here.cell ? here.cell.parentNode : null;
    leave();
    here.cell = td;
    td.classList.add("is-active");
    td.parentNode.classList.add("is-here");
    if (!wants.keepGoal) here.goal = spanOf(td)[0];
    if (!wants.keepSeries) here.series = null;
    if (!wants.extend) clearRange();
    if (grid.isEditable(td)) {
      here.before = grid.rawOf(td);
      dress(td);
      editor.value = here.before;
      td.appendChild(editor);
      focusActive();
    } else {
      td.tabIndex = 0;
      td.setAttribute("aria-label", grid.nameOf(td) + " " + (grid.textOf(td) || marksOf(td) || "空"));
      focusActive();
    }
    show(td);
    showTip();
    if (left && left !== td.parentNode) emit("leaveRow", left);
    emit("activate", td);
  }

  function marksOf(td) {
    return Array.from(td.querySelectorAll(".mark"))
      .map((mark) => mark.textContent + "，" + mark.title)
      .join("；");
  }

  /* 让输入框合于这一格：名称、键盘、有没有选项 */
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
    here.isEditing = false;
  }

  function focusActive() {
    if (!here.cell) return;
    if (editor.parentNode === here.cell) {
      editor.focus({ preventScroll: true });
      if (!here.isEditing) editor.select();
    } else {
      here.cell.focus({ preventScroll: true });
    }
  }

  function setEditing(value) {
    if (value && !here.isEditing && here.cell) here.back = backOf(here.cell);
    here.isEditing = value;
    editor.classList.toggle("is-ready", !value);
    const column = value && here.cell ? grid.columnOf(here.cell) : null;
    const isWide = Boolean(column) && column.kind === "text" && column.name !== "unit" && !editor.readOnly && here.cell.offsetWidth < 200;
    if (here.cell) here.cell.classList.toggle("is-wide", isWide);
  }

  function isChoice() {
    return editor.parentNode === here.cell && editor.readOnly;
  }

  /* 选定了的，不再能用 Esc 放弃，可以保存了 */
  function settle() {
    if (!here.chosen) return;
    here.chosen = 0;
    emit("settled", here.cell.parentNode);
  }

  /* 收下本格的录入；返回是否有改动 */
  function commit() {
    if (!here.cell || editor.parentNode !== here.cell) return false;
    settle();
    setEditing(false);
    const text = editor.value.trim();
    const tr = here.cell.parentNode;
    if (text === here.before) {
      if (editor.value !== here.before) editor.value = here.before;
      return false;
    }
    const column = grid.columnOf(here.cell);
    const kind = grid.kindOf(tr);
    if (kind === "new" || kind === "add") {
      const cell = here.cell;
      here.before = "";
      editor.value = "";
      emit("change", { tr: tr, column: column, text: text, cell: cell, isNew: true });
      return true;
    }
    const old = here.before;
    here.before = text;
    grid.apply([{ tr: tr, name: column.name, text: text, old: old }]);
    return true;
  }

  function leave() {
    if (!here.cell) return;
    commit();
    const td = here.cell;
    here.cell = null;
    td.classList.remove("is-active", "is-wide");
    td.parentNode.classList.remove("is-here");
    if (editor.parentNode === td) td.removeChild(editor);
    td.removeAttribute("tabindex");
    td.removeAttribute("aria-label");
    hideTip();
  }

  function messageOf(td) {
    const column = grid.columnOf(td);
    return (column && grid.stateOf(td.parentNode).errors[column.name]) || "";
  }

  /* 放弃本格的修改后该是什么：写错了没有存上的，是上次存上的内容 */
  function backOf(td) {
    return messageOf(td) ? grid.savedOf(td) : grid.rawOf(td);
  }

  /* Esc：打了一半的、写错了的、选了还没离开的，都回到原来 */
  function restore() {
    if (editor.parentNode !== here.cell) return false;
    if (here.chosen) {
      for (; here.chosen; here.chosen -= 1) grid.takeBack();
      return true;
    }
    if (!here.isEditing && !messageOf(here.cell)) return false;
    here.before = here.isEditing ? here.back : backOf(here.cell);
    editor.value = here.before;
    const tr = here.cell.parentNode;
    if (/^(line|item)$/.test(grid.kindOf(tr))) {
      grid.setTyped(tr, grid.columnOf(here.cell).name, here.before);
      emit("change", { tr: tr });
    }
    setEditing(false);
    editor.select();
    showTip();
    return true;
  }

  /* 保存回来后，当前格若没有在编辑，跟着显示新内容 */
  function refreshActive() {
    if (!here.cell || !document.contains(here.cell)) {
      here.cell = null;
      here.chosen = 0;
      return;
    }
    if (editor.parentNode === here.cell && !here.isEditing) {
      here.before = grid.rawOf(here.cell);
      if (editor.value !== here.before) {
        editor.value = here.before;
        if (document.activeElement === editor) editor.select();
      }
      if (!grid.isEditable(here.cell)) {
        const td = here.cell;
        leave();
        activate(td);
      }
    }
    showTip();
  }

  /* ---- 错误提示 ---- */

  const tip = document.getElementById("grid-tip");

  /* 走开了，没有改正的错误仍在那一格旁边提示；看不见那一格时收起 */
  function showTip() {
    if (!here.cell) return hideTip();
    const isOwn = Boolean(messageOf(here.cell));
    if (isOwn) here.wrong = here.cell;
    editor.removeAttribute("aria-invalid");
    editor.removeAttribute("aria-describedby");
    const td = here.wrong;
    const text = td && document.contains(td) ? messageOf(td) : "";
    if (!text) here.wrong = null;
    if (!text || !isInView(td)) return hideTip();
    if (isOwn && editor.parentNode === td) {
      editor.setAttribute("aria-invalid", "true");
      editor.setAttribute("aria-describedby", "grid-tip");
    }
    if (tip.textContent !== text) tip.textContent = text;
    tip.hidden = false;
    /* 当前格在下面时放在上面，不遮住它 */
    place(tip, td, Boolean(td.compareDocumentPosition(here.cell) & Node.DOCUMENT_POSITION_FOLLOWING) && td.parentNode !== here.cell.parentNode);
    return undefined;
  }

  function hideTip() {
    tip.hidden = true;
  }

  /* 浮层放在格的下面，放不下（或要求）就放上面 */
  function place(layer, td, wantsAbove) {
    const cell = td.getBoundingClientRect();
    const height = layer.offsetHeight;
    const width = layer.offsetWidth;
    const isAbove = wantsAbove || cell.bottom + height + 4 > window.innerHeight - 8;
    layer.style.left = Math.max(8, Math.min(cell.left, window.innerWidth - width - 8)) + "px";
    layer.style.top = (isAbove ? cell.top - height - 3 : cell.bottom + 3) + "px";
  }

  /* 看得见的宽度，测算句按它折行（grid.css） */
  new ResizeObserver(() => box.style.setProperty("--view", box.clientWidth + "px")).observe(box);

  box.addEventListener("scroll", () => {
    showTip();
  });

  /* ---- 选块 ---- */

  function rowsOfKind(kind) {
    return Array.from(table.querySelectorAll(kind === "line" ? ".r-line" : ".r-item")).filter(isMovable);
  }

  function range() {
    if (!here.cell) return [];
    if (!here.anchor || here.anchor === here.cell) return [[here.cell]];
    const kind = grid.kindOf(here.cell.parentNode);
    if (!grid.SPANS[kind] || grid.kindOf(here.anchor.parentNode) !== kind) return [[here.cell]];
    const rows = rowsOfKind(kind);
    const ends = [rows.indexOf(here.anchor.parentNode), rows.indexOf(here.cell.parentNode)].sort((a, b) => a - b);
    if (ends[0] < 0) return [[here.cell]];
    const sides = [here.anchor.cellIndex, here.cell.cellIndex].sort((a, b) => a - b);
    return rows.slice(ends[0], ends[1] + 1).map((tr) => Array.from(tr.cells).slice(sides[0], sides[1] + 1));
  }

  function clearRange() {
    here.anchor = null;
    unmarkRange();
  }

  function unmarkRange() {
    table.querySelectorAll(".is-range").forEach((td) => td.classList.remove("is-range"));
  }

  function extend(td) {
    if (!td || !here.cell || grid.kindOf(td.parentNode) !== grid.kindOf(here.cell.parentNode)) return;
    if (!grid.SPANS[grid.kindOf(td.parentNode)] || (td === here.cell && !here.anchor)) return;
    const from = here.anchor || here.cell;
    if (td !== here.cell) activate(td, { extend: true, keepGoal: td.parentNode !== here.cell.parentNode });
    here.anchor = from;
    unmarkRange();
    const cells = range();
    if (cells.length > 1 || cells[0].length > 1) cells.forEach((row) => row.forEach((cell) => cell.classList.add("is-range")));
  }

  Object.assign(window.grid, {
    here: here,
    on: on,
    emit: emit,
    editor: editor,
    active: () => here.cell,
    isEditing: () => here.isEditing,
    isChoice: isChoice,
    isMovable: isMovable,
    activate: activate,
    focusActive: focusActive,
    refreshActive: refreshActive,
    keepInView: keepInView,
    setEditing: setEditing,
    restore: restore,
    commit: commit,
    leave: leave,
    range: range,
    extend: extend,
    clearRange: clearRange,
    place: place,
    showTip: showTip,
    isUnsettled: (tr) => here.chosen > 0 && Boolean(here.cell) && here.cell.parentNode === tr,
    cellsOf: cellsOf,
    cellAt: cellAt,
    rowBeside: rowBeside,
    editableBeside: editableBeside,
    vertical: vertical,
    horizontal: horizontal,
    below: below,
    setChoice: (text) => {
      const times = here.chosen;
      editor.value = text;
      here.chosen = commit() ? times + 1 : times;
      editor.select();
    },
  });

  /* 从页面其他地方按 Tab 进来时的第一格 */
  const entrance = Array.from(table.querySelectorAll("tbody > tr")).find(isMovable);
  if (entrance) entrance.cells[1].tabIndex = 0;
})();
