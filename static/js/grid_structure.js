/* 预算表格的行：加一行、加一个项目、删除、移动、用服务器画的行换下。 */
(function () {
  "use strict";

  const grid = window.grid;
  if (!grid) return;

  const table = grid.table;

  /* ---- 加行、加项目 ---- */

  function insertLine(body) {
    const template = document.getElementById("grid-line-template");
    const tr = template.content.querySelector("tr").cloneNode(true);
    body.insertBefore(tr, body.querySelector(".r-new"));
    grid.renumber(body);
    return tr;
  }

  function newLine(change) {
    const tr = grid.keepInView(() => insertLine(change.tr.parentNode));
    grid.setTyped(tr, "label", change.text);
    grid.save(tr);
    grid.remember(() => removeRow(tr));
  }

  /* 没有回音时再按一次 Enter，还是同一个项目；换了名称就是另一个 */
  const sent = {};

  function onceFor(change) {
    const group = change.tr.parentNode.dataset.group;
    if (!sent[group] || sent[group].text !== change.text) sent[group] = { text: change.text, once: window.house.onceKey() };
    return sent[group].once;
  }

  function newItem(change) {
    const group = change.tr.parentNode.dataset.group;
    const mark = change.tr.querySelector(".row-state");
    mark.textContent = "正在保存";
    mark.className = "row-state";
    grid.send(table.dataset.itemAddUrl.replace("/0/", "/" + group + "/"), { version: 0, cells: { name: change.text } }, onceFor(change))
      .then((answer) => {
        mark.textContent = "";
        if (!answer.ok) throw answer;
        delete sent[group];
        const body = replaceItem(String(answer.said.item.id), answer.said.html[answer.said.item.id], change.tr.parentNode);
        grid.renumberItems(group);
        grid.takeSums(answer.said.sums);
        grid.noteSaved(answer.said.at);
        grid.paintAll();
        grid.activate(body.querySelector(".r-new").cells[1]);
      })
      .catch((answer) => {
        grid.activate(change.cell);
        grid.editor.value = change.text;
        mark.textContent = "未保存";
        mark.className = "row-state is-wrong";
        window.house.toast((answer && answer.said && answer.said.message) || "连不上服务器，项目没有加上，请再按一次 Enter。", "error");
      });
  }

  /* 服务器画的一个项目；已没有的项目是空的 */
  function parseItem(html) {
    return new DOMParser().parseFromString("<table>" + html + "</table>", "text/html").querySelector("tbody");
  }

  /* 用服务器画的行换下（或插入、去掉）一个项目 */
  function replaceItem(id, html, anchor) {
    const old = document.getElementById("item-" + id);
    if (!html) {
      if (old) old.remove();
      return null;
    }
    const body = document.importNode(parseItem(html), true);
    if (old) old.parentNode.replaceChild(body, old);
    else table.insertBefore(body, anchor || table.querySelector('.b-add[data-group="' + body.dataset.group + '"]'));
    return body;
  }

  /* ---- 删除、移动 ---- */

  let doomed = null;

  function askRemove(tr) {
    const kind = grid.kindOf(tr);
    if (kind !== "line" && kind !== "item") return;
    doomed = tr;
    const amount = grid.textOf(grid.cellOf(tr, "amount"));
    const words =
      kind === "line"
        ? "删除“" + grid.titleOf(tr) + "”的第" + grid.numberOf(tr) + "行“" + grid.textOf(grid.cellOf(tr, "label")) + "”"
        : "删除项目“" + grid.titleOf(tr) + "”和它的 " + tr.parentNode.querySelectorAll(".r-line").length + " 行测算";
    document.getElementById("grid-remove-text").textContent = words + (amount ? "，金额 " + amount + " 元。" : "。");
    window.house.openDialog("grid-remove");
    document.getElementById("grid-remove-confirm").focus();
  }

  function removeRow(tr) {
    const kind = grid.kindOf(tr);
    const body = tr.parentNode;
    const group = body.dataset.group;
    const state = grid.stateOf(tr);
    clearTimeout(state.timer);
    const gone = () => {
      const next = grid.rowBeside(kind === "item" ? body.lastElementChild : tr, 1) || grid.rowBeside(tr, -1);
      grid.leave();
      (kind === "item" ? body : tr).remove();
      if (kind === "item") grid.renumberItems(group);
      else grid.renumber(body);
      if (next && document.contains(next)) grid.activate(next.cells[1]);
      grid.keep();
      grid.paintAll();
    };
    if (kind === "line" && !tr.dataset.id) {
      gone();
      grid.totalItem(body.rows[0]);
      grid.totalAll();
      return;
    }
    grid.send(grid.address(kind + "RemoveUrl", tr.dataset.id), { version: Number(tr.dataset.version) }).then(
      (answer) => {
        if (answer.ok) {
          gone();
          if (answer.said.item) grid.settle(body.rows[0], grid.withoutDirty(body.rows[0], answer.said.item), {});
          grid.takeSums(answer.said.sums);
          document.dispatchEvent(new CustomEvent("grid:saved", { detail: {} }));
        } else if (answer.status === 409) {
          window.house.toast(answer.said.message + "没有删除。", "warning");
          refreshItems([body.dataset.item]);
        } else {
          window.house.toast(answer.said.message || "没有删除，请刷新页面后重试。", "error");
        }
      },
      () => window.house.toast("连不上服务器，没有删除。", "error")
    );
  }

  const confirm = document.getElementById("grid-remove-confirm");
  if (confirm) {
    confirm.addEventListener("click", () => {
      window.house.closeDialog(confirm);
      if (doomed) removeRow(doomed);
      doomed = null;
    });
  }

  function moveRow(tr, step) {
    const kind = grid.kindOf(tr);
    if (kind !== "line" && kind !== "item") return;
    const moved = kind === "line" ? tr : tr.parentNode;
    const beside = step < 0 ? moved.previousElementSibling : moved.nextElementSibling;
    const mate = kind === "line" ? "r-line" : "b-item";
    if (!tr.dataset.id || !beside || !beside.classList.contains(mate)) return;
    const shift = (by) => {
      const other = by < 0 ? moved.previousElementSibling : moved.nextElementSibling;
      moved.parentNode.insertBefore(moved, by < 0 ? other : other.nextElementSibling);
      if (kind === "line") grid.renumber(tr.parentNode);
      else grid.renumberItems(moved.dataset.group);
    };
    const back = (why) => {
      if (document.contains(moved)) shift(-step);
      window.house.toast(why, "error");
    };
    shift(step);
    grid.focusActive();
    grid.send(grid.address(kind + "MoveUrl", tr.dataset.id), { steps: step }).then(
      (answer) => {
        if (!answer.ok) back(answer.said.message || "没有移动。");
        else if (kind === "line" && document.contains(moved)) {
          const item = grid.itemOf(moved);
          grid.settle(item, grid.withoutDirty(item, answer.said.item), {});
        }
      },
      () => back("连不上服务器，没有移动。")
    );
  }

  /* ---- 从服务器换下几个项目 ---- */

  function placeOf(td) {
    const tr = td.parentNode;
    const body = tr.parentNode;
    return { item: body.dataset.item, row: tr.id, place: Array.from(body.rows).indexOf(tr), cell: td.cellIndex };
  }

  /* 换下以后，其中还没保存的录入照旧留着，当前格回到原处 */
  function takeItems(htmls) {
    const active = grid.active();
    const where = active ? placeOf(active) : null;
    if (where && htmls[where.item] !== undefined) grid.leave();
    const groups = new Set();
    const unsaved = grid.dirtyRows().filter((tr) => htmls[tr.parentNode.dataset.item]).map(grid.typedIn);
    Object.keys(htmls).forEach((id) => {
      const old = document.getElementById("item-" + id);
      if (old) groups.add(old.dataset.group);
      const body = replaceItem(id, htmls[id]);
      if (body) groups.add(body.dataset.group);
    });
    groups.forEach(grid.renumberItems);
    grid.retype(unsaved);
    if (where && !grid.active()) {
      const body = document.getElementById("item-" + where.item);
      const row = (where.row && document.getElementById(where.row)) || (body && body.rows[Math.min(where.place, body.rows.length - 1)]);
      if (row) grid.activate(row.cells[where.cell] || row.cells[1]);
    }
  }

  function refreshItems(ids) {
    return grid
      .fetchRows("?" + ids.map((id) => "item=" + id).join("&"))
      .then((said) => {
        takeItems(said.html);
        grid.takeSums(said.sums);
      })
      .catch(() => {
        /* 取不到就等下一次 */
      });
  }

  Object.assign(grid, {
    parseItem: parseItem,
    insertLine: insertLine,
    newLine: newLine,
    newItem: newItem,
    askRemove: askRemove,
    moveRow: moveRow,
    takeItems: takeItems,
    refreshItems: refreshItems,
  });
})();
