/* 复制与粘贴：从 Excel、WPS 粘贴一块先在服务器上试算，逐格核对后整块应用，整块撤销。 */
(function () {
  "use strict";

  const grid = window.grid;
  if (!grid) return;

  const table = grid.table;
  const dialog = document.getElementById("grid-paste");
  const undoButton = document.getElementById("grid-undo");
  const unplaced = document.getElementById("grid-paste-unplaced");
  let pending = null; /* 正在核对的一块 */
  let once = ""; /* 它的一次性编号 */
  let told = null; /* 粘贴之后的消息，撤销时收起 */

  /* ---- 复制 ---- */

  function quoted(text) {
    return /[\t\n"]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }

  function copyText() {
    return grid
      .range()
      .map((row) => row.map((td) => quoted(grid.rawOf(td) || shown(td))).join("\t"))
      .join("\n");
  }

  function shown(td) {
    const column = grid.columnOf(td);
    if (column && column.name === "state") return td.textContent;
    const tr = td.parentNode;
    const isUnused = column && grid.kindOf(tr) === "line" && column.methods.length && column.methods.indexOf(tr.dataset.method) < 0 && column.name !== "amount";
    return isUnused ? "" : grid.textOf(td);
  }

  function inGrid(event) {
    return grid.active() && (table.contains(event.target) || event.target === document.body) && table.contains(document.activeElement);
  }

  document.addEventListener("copy", (event) => {
    if (!inGrid(event) || grid.isEditing()) return;
    event.clipboardData.setData("text/plain", copyText());
    event.preventDefault();
  });

  document.addEventListener("cut", (event) => {
    if (!inGrid(event) || grid.isEditing() || !grid.isOpen) return;
    event.clipboardData.setData("text/plain", copyText());
    event.preventDefault();
    grid.clear();
  });

  if (!grid.isOpen) return;

  /* ---- 粘贴 ---- */

  document.addEventListener("paste", (event) => {
    if (!inGrid(event)) return;
    const text = event.clipboardData.getData("text/plain");
    const isBlock = /[\t\n]/.test(text.replace(/[\r\n]+$/, ""));
    if (!isBlock && grid.isEditing()) return;
    event.preventDefault();
    if (!text) {
      window.house.toast("剪贴板里没有可以粘贴的内容。", "warning");
      return;
    }
    if (!isBlock && grid.editor.parentNode === grid.active() && !grid.editor.readOnly) {
      grid.editor.value = text.replace(/[\r\n]+$/, "").trim();
      grid.editor.dispatchEvent(new Event("input"));
      grid.commit();
      grid.refreshActive();
      return;
    }
    const cells = grid.range();
    start(text, cells[0][0]);
  });

  function start(text, td) {
    const tr = td.parentNode;
    const kind = grid.kindOf(tr);
    const column = grid.columnOf(td);
    if (!column) return;
    const isItem = kind === "item" || kind === "add";
    const body = tr.parentNode;
    once = "";
    pending = {
      table: isItem ? "item" : "line",
      parent: Number(isItem ? body.dataset.group : body.dataset.item),
      start: kind === "line" || kind === "item" ? Number(tr.dataset.id) : null,
      column: column.name,
      text: text,
      left_out: [],
      seen: {},
    };
    unplaced.querySelector("ul").textContent = "";
    /* 先存好还没保存的行，试算才是对着最新的数 */
    grid.commit();
    grid.saveNow().then(() => {
      if (grid.dirtyRows().length) {
        window.house.toast("还有没保存的录入，请先改正或等它保存好，再粘贴。", "warning");
        return;
      }
      if (kind === "line" && !pending.start) pending.start = Number(tr.dataset.id);
      preview();
    });
  }

  function preview(notice) {
    grid.send(table.dataset.pasteTryUrl, pending).then(
      (answer) => {
        if (!answer.ok) {
          window.house.toast(answer.said.message || "不能粘贴，请稍后再试。", "error");
          return;
        }
        pending.seen = answer.said.seen;
        fill(answer.said, notice);
        if (dialog.open) return;
        window.house.openDialog("grid-paste");
        const apply = document.getElementById("grid-paste-apply");
        if (!apply.disabled) apply.focus();
      },
      () => window.house.toast("连不上服务器，没有粘贴。", "error")
    );
  }

  function cell(text, className) {
    const td = document.createElement("td");
    td.textContent = text;
    if (className) td.className = className;
    return td;
  }

  /* 一行的改动：栏目 原数 → 新数；金额单列 */
  function rowOf(row) {
    const tr = document.createElement("tr");
    const name = cell("", "name");
    if (row.is_new) {
      const badge = document.createElement("span");
      badge.className = "badge badge--blue";
      badge.textContent = "新增";
      name.appendChild(badge);
      name.appendChild(document.createTextNode(" "));
    }
    name.appendChild(document.createTextNode(row.title || "（空）"));
    const what = cell("", "grid-paste-what");
    const amount = cell("", "num");
    row.cells.forEach((change) => {
      if (change.label === "金额（元）") {
        amount.appendChild(words(change, row.is_new));
      } else if (!(row.is_new && change.new === row.title)) {
        const part = document.createElement("span");
        const label = document.createElement("span");
        label.className = "muted";
        label.textContent = change.label + " ";
        part.appendChild(label);
        part.appendChild(words(change, row.is_new));
        what.appendChild(part);
      }
    });
    [cell(String(row.place), "num"), name, what, amount].forEach((td) => tr.appendChild(td));
    return tr;
  }

  function words(change, isNew) {
    const diff = document.createElement("span");
    diff.className = "diff";
    if (!isNew) {
      const old = document.createElement("del");
      old.textContent = change.old || "空";
      const arrow = document.createElement("span");
      arrow.className = "diff__arrow";
      arrow.textContent = "→";
      diff.appendChild(old);
      diff.appendChild(arrow);
    }
    const now = document.createElement("ins");
    now.textContent = change.new || "空";
    diff.appendChild(now);
    return diff;
  }

  /* 没有地方放的列：由人勾选不粘贴，再试算一次 */
  function ask(columns) {
    const list = unplaced.querySelector("ul");
    columns.forEach((column) => {
      if (Array.from(list.children).some((li) => li.dataset.column === column.column)) return;
      const li = document.createElement("li");
      li.dataset.column = column.column;
      const label = document.createElement("label");
      const input = document.createElement("input");
      input.type = "checkbox";
      input.addEventListener("change", () => {
        pending.left_out = Array.from(list.querySelectorAll("input:checked"), (checked) => checked.closest("li").dataset.column);
        preview();
      });
      label.appendChild(input);
      label.appendChild(document.createTextNode("不粘贴落在“" + column.label + "”的 " + column.count + " 格"));
      li.appendChild(label);
      list.appendChild(li);
    });
    unplaced.hidden = !list.children.length;
  }

  function fill(trial, notice) {
    const summary = document.getElementById("grid-paste-summary");
    const problems = document.getElementById("grid-paste-problems");
    const changes = document.querySelector("#grid-paste-changes tbody");
    const more = document.getElementById("grid-paste-more");
    const apply = document.getElementById("grid-paste-apply");
    const isWrong = trial.problem_count > 0;
    const parts = [];
    if (trial.changed_count - trial.new_count) parts.push("改 " + (trial.changed_count - trial.new_count) + " 行");
    if (trial.new_count) parts.push("新增 " + trial.new_count + " 行");
    if (trial.unchanged_count) parts.push("不变 " + trial.unchanged_count + " 行");
    const money = pending.table === "line" ? "，这些行的金额 " + trial.amount_before + " → " + trial.amount_after + " 元" : "";
    summary.textContent = (notice ? notice + " " : "") + (parts.join("，") || "没有要改的内容") + money + "。";
    problems.hidden = !isWrong;
    if (isWrong) {
      problems.querySelector("h3").textContent = "有 " + trial.problem_count + " 处不对，改好后再粘贴；现在一行也不会改";
      const list = problems.querySelector("ul");
      list.textContent = "";
      trial.problems.forEach((text) => {
        const li = document.createElement("li");
        li.textContent = text;
        list.appendChild(li);
      });
    }
    ask(trial.unplaced);
    changes.textContent = "";
    trial.rows.forEach((row) => changes.appendChild(rowOf(row)));
    more.hidden = trial.rows.length === trial.changed_count;
    more.textContent = "这里只列出前 " + trial.rows.length + " 行，共 " + trial.changed_count + " 行。";
    apply.disabled = isWrong || !trial.changed_count;
  }

  document.getElementById("grid-paste-apply").addEventListener("click", (event) => {
    const apply = event.currentTarget;
    apply.disabled = true;
    once = once || window.house.onceKey();
    grid.send(table.dataset.pasteUrl, pending, once).then(
      (answer) => {
        if (answer.ok) {
          window.house.closeDialog(dialog);
          taken(answer.said);
          told = window.house.toast("已" + answer.said.summary + "，按 Ctrl+Z 可整块撤销。", "success");
        } else if (answer.said.code === "stale") {
          preview(answer.said.message);
        } else {
          window.house.toast(answer.said.message || "没有粘贴，请稍后再试。", "error");
        }
      },
      () => {
        apply.disabled = false;
        window.house.toast("连不上服务器，没有粘贴。", "error");
      }
    );
  });

  dialog.addEventListener("close", () => grid.focusActive());

  function taken(said) {
    if (said.reload) {
      window.house.setDirty("grid", false);
      window.location.reload();
      return;
    }
    grid.takeItems(said.html);
    grid.takeSums(said.sums);
    grid.noteSaved(said.at);
    grid.forget();
    grid.remember(() => takeBack(said.change));
    undoButton.hidden = false;
    undoButton.dataset.change = said.change;
    undoButton.title = said.summary;
    document.dispatchEvent(new CustomEvent("grid:saved", { detail: {} }));
  }

  function takeBack(change) {
    const url = table.dataset.undoUrl.replace("/0/", "/" + change + "/");
    grid.send(url, {}).then(
      (answer) => {
        if (!answer.ok) {
          window.house.toast(answer.said.message || "没有撤销。", "error");
          return;
        }
        undoButton.hidden = true;
        if (told) told.remove();
        told = null;
        if (answer.said.reload) {
          window.location.reload();
          return;
        }
        grid.takeItems(answer.said.html);
        grid.takeSums(answer.said.sums);
        grid.noteSaved(answer.said.at);
        window.house.toast("已整块撤销：" + answer.said.summary + "。", "success");
        document.dispatchEvent(new CustomEvent("grid:saved", { detail: {} }));
      },
      () => window.house.toast("连不上服务器，没有撤销。", "error")
    );
  }

  undoButton.addEventListener("click", () => {
    if (undoButton.dataset.change) takeBack(undoButton.dataset.change);
  });
})();
