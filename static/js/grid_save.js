/* 预算表格的保存：离开一行就保存，停手 1.5 秒也保存；断网或登录超时，录入留着，恢复后补上。 */
(function () {
  "use strict";

  const grid = window.grid;
  if (!grid) return;

  const table = grid.table;
  const PAUSE = 1500;
  const RETRY = 15000;
  const KEY = "grid:" + table.dataset.edition + ":" + table.dataset.user;

  /* ---- 与服务器往来 ---- */

  /* once：新增才带，同一件事不论送几次都是同一个编号，服务器只办一次 */
  function send(url, body, once) {
    const options = { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
    if (once) options.headers["X-Once"] = once;
    const patient = window.houseSession ? window.houseSession.fetch : plainFetch;
    return patient(url, options).then((answer) =>
      answer
        .json()
        .catch(() => ({}))
        .then((said) => ({ status: answer.status, ok: answer.ok, said: said }))
    );
  }

  function onceOf(thing) {
    thing.once = thing.once || window.house.onceKey();
    return thing.once;
  }

  function plainFetch(url, options) {
    options.credentials = "same-origin";
    options.headers["X-CSRFToken"] = window.house.csrfToken();
    options.headers["X-Requested-With"] = "XMLHttpRequest";
    return window.fetch(url, options);
  }

  /* 服务器上现在的行 */
  function fetchRows(query) {
    return window
      .fetch(table.dataset.rowsUrl + query, { credentials: "same-origin", headers: { Accept: "application/json" } })
      .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer)));
  }

  function address(name, id) {
    return table.dataset[name].replace("/0/", "/" + id + "/");
  }

  /* ---- 一行的状态 ---- */

  function isDirty(tr) {
    const state = grid.stateOf(tr);
    return Boolean(Object.keys(state.typed).length) || (grid.kindOf(tr) === "line" && !tr.dataset.id);
  }

  function paint(tr, text, tone) {
    const mark = tr.querySelector(".row-state");
    if (!mark) return;
    mark.textContent = text;
    mark.className = "row-state" + (tone ? " is-" + tone : "");
    paintAll();
  }

  function dirtyRows() {
    return Array.from(table.querySelectorAll(".r-line, .r-item")).filter((tr) => tr.gridState && isDirty(tr));
  }

  const overall = document.getElementById("grid-state");
  let lastSaved = "";

  function paintAll() {
    if (!overall) return;
    const rows = dirtyRows();
    const wrong = rows.filter((tr) => Object.keys(grid.stateOf(tr).errors).length);
    const stopped = rows.filter((tr) => grid.stateOf(tr).stopped);
    const waiting = rows.filter((tr) => grid.stateOf(tr).waiting);
    const busy = rows.some((tr) => grid.stateOf(tr).saving);
    const words = overall.querySelector("span");
    const button = overall.querySelector("button");
    if (button) button.remove();
    overall.className = "grid-state" + (wrong.length || stopped.length ? " is-wrong" : waiting.length ? " is-waiting" : rows.length ? " is-busy" : "");
    if (wrong.length) words.textContent = wrong.length + " 行有错误，未保存";
    else if (stopped.length) words.textContent = stopped.length + " 行" + grid.stateOf(stopped[0]).stopped + "，未保存";
    else if (waiting.length) words.textContent = waiting.length + " 行未保存：连不上服务器，录入都还在";
    else if (busy) words.textContent = "正在保存…";
    else if (rows.length) words.textContent = "正在录入…";
    else words.textContent = lastSaved ? "已保存 " + lastSaved : "全部已保存";
    if (wrong.length || stopped.length || waiting.length) {
      const go = document.createElement("button");
      go.type = "button";
      go.textContent = wrong.length ? "去改正" : stopped.length ? "去处理" : "立即重试";
      go.addEventListener("click", () => (wrong.length ? toFirstError(wrong[0]) : saveNow()));
      overall.appendChild(go);
    }
    window.house.setDirty("grid", rows.length > 0);
  }

  function toFirstError(tr) {
    const name = Object.keys(grid.stateOf(tr).errors)[0];
    grid.activate(grid.cellOf(tr, name) || tr.cells[1]);
  }

  /* ---- 留底：刷新、关闭后重开、登录超时都不丢 ---- */

  function keep() {
    const rows = dirtyRows().map(typedIn);
    try {
      if (rows.length) sessionStorage.setItem(KEY, JSON.stringify(rows));
      else sessionStorage.removeItem(KEY);
    } catch (error) {
      /* 浏览器不许保存时，只能靠页面本身 */
    }
  }

  function recover() {
    let rows = [];
    try {
      rows = JSON.parse(sessionStorage.getItem(KEY) || "[]");
    } catch (error) {
      return;
    }
    const cells = retype(rows);
    if (cells) window.house.toast("恢复了 " + cells + " 格没有来得及保存的录入，正在保存。", "warning");
  }

  /* 一行里还没有保存的录入，和它所对的版本 */
  function typedIn(tr) {
    return {
      kind: grid.kindOf(tr),
      id: tr.dataset.id,
      item: tr.parentNode.dataset.item,
      version: tr.dataset.version,
      typed: grid.stateOf(tr).typed,
      backTo: grid.stateOf(tr).backTo,
    };
  }

  /* 在重画过的表上重新录入；返回录入了几格 */
  function retype(rows) {
    let cells = 0;
    rows.forEach((row) => {
      const body = document.getElementById("item-" + row.item);
      if (!body) return;
      const tr = row.kind === "item" ? body.rows[0] : row.id ? document.getElementById("line-" + row.id) : grid.insertLine(body);
      if (!tr) return;
      /* 还是录入时的版本：其间有人改过，保存时会提示 */
      if (row.id) tr.dataset.version = row.version;
      if (row.backTo !== undefined) grid.stateOf(tr).backTo = row.backTo;
      Object.keys(row.typed).forEach((name) => {
        if (!grid.cellOf(tr, name)) return;
        grid.setTyped(tr, name, row.typed[name]);
        cells += 1;
      });
      schedule(tr, 0);
    });
    return cells;
  }

  /* ---- 保存 ---- */

  function schedule(tr, pause) {
    const state = grid.stateOf(tr);
    clearTimeout(state.timer);
    state.timer = setTimeout(() => save(tr), pause);
  }

  function cellsToSend(tr) {
    const state = grid.stateOf(tr);
    const cells = {};
    Object.keys(state.typed).forEach((name) => {
      if (name === "method" || grid.isEditable(grid.cellOf(tr, name))) cells[name] = state.typed[name];
    });
    return cells;
  }

  function save(tr) {
    const state = grid.stateOf(tr);
    clearTimeout(state.timer);
    /* 选了还没有离开那一格的，按 Esc 就当没有选过 */
    if (!document.contains(tr) || !isDirty(tr) || state.stopped || grid.isUnsettled(tr)) return Promise.resolve();
    if (Object.keys(state.errors).length) {
      paint(tr, "未保存", "wrong");
      return Promise.resolve();
    }
    if (state.saving) {
      state.again = true;
      return state.saving;
    }
    const cells = cellsToSend(tr);
    const body = { version: Number(tr.dataset.version), cells: cells };
    if (state.backTo !== undefined && cells.method !== undefined) body.back_to = state.backTo;
    const kind = grid.kindOf(tr);
    const isNew = !tr.dataset.id;
    const url = isNew ? address("lineAddUrl", tr.parentNode.dataset.item) : address(kind + "Url", tr.dataset.id);
    paint(tr, "正在保存", "");
    const asked = isNew && state.lost ? adopt(tr) : Promise.resolve(false);
    state.saving = asked
      .then((isAdopted) => (isAdopted ? null : send(url, body, isNew ? onceOf(state) : "")))
      .then((answer) => {
        state.saving = false;
        state.waiting = false;
        if (answer) receive(tr, body, answer);
        else state.again = true;
      })
      .catch(() => {
        state.saving = false;
        state.waiting = true;
        if (isNew) state.lost = true;
        paint(tr, "未保存", "waiting");
        schedule(tr, RETRY);
      })
      .then(() => {
        keep();
        if (state.again) {
          state.again = false;
          return save(tr);
        }
        paintAll();
        return undefined;
      });
    paintAll();
    return state.saving;
  }

  function receive(tr, body, answer) {
    const state = grid.stateOf(tr);
    if (answer.ok) {
      state.lost = false;
      if (state.backTo === body.back_to) delete state.backTo;
      lastSaved = answer.said.at;
      grid.keepInView(() => takeIn(tr, answer.said, body.cells));
      paint(tr, answer.said.at, "");
      if (!isDirty(tr)) grid.announce("已保存 " + answer.said.at);
      document.dispatchEvent(new CustomEvent("grid:saved", { detail: { tr: tr } }));
    } else if (answer.status === 409) {
      stop(tr, "有冲突");
      tr.classList.add("is-conflict");
      grid.showConflict(tr, answer.said);
    } else if (answer.status === 422) {
      refuse(tr, answer.said);
    } else if (answer.status === 404) {
      stop(tr, "已被删除");
      window.house.toast("“" + (grid.titleOf(tr) || "这一行") + "”的这一行已被同事删除，您录入的内容仍在页面上，可先复制下来再刷新。", "error");
    } else {
      state.waiting = true;
      paint(tr, "未保存", "waiting");
      if (answer.status === 403) window.house.toast(answer.said.message || "没有保存：本页已过期，或您没有修改的权限。录入都已留着，请刷新页面。", "error");
      else schedule(tr, RETRY);
    }
  }

  /* 再送也不会成：不再自动保存，等人处理 */
  function stop(tr, why) {
    grid.stateOf(tr).stopped = why;
    paint(tr, why, "wrong");
  }

  /* 停下的行，录入已由人放弃：换上服务器上的 */
  function resume(tr) {
    grid.stateOf(tr).stopped = "";
    grid.refreshItems([tr.parentNode.dataset.item]);
  }

  function refuse(tr, said) {
    const state = grid.stateOf(tr);
    state.errors = said.errors && Object.keys(said.errors).length ? said.errors : {};
    grid.paintErrors(tr);
    paint(tr, "未保存", "wrong");
    grid.announce(said.message || "没有保存");
    if (!Object.keys(state.errors).length) {
      window.house.toast(said.message || "没有保存，请稍后再试。", "error");
      if (/^(locked|year_closed|permission|scope|adjustment_only)$/.test(said.code)) stop(tr, "不能再改");
    }
    grid.showTip();
  }

  /* 服务器的回答：这一行、这一项、各小计 */
  function takeIn(tr, said, cells) {
    const item = grid.itemOf(tr);
    if (grid.kindOf(tr) === "line" && said.line) grid.settle(tr, said.line, cells);
    if (item && said.item) grid.settle(item, withoutDirty(item, said.item), item === tr ? cells : {});
    if (item && dirtyRows().length) grid.totalItem(item);
    takeSums(said.sums);
    grid.refreshActive();
  }

  /* 小计与合计以服务器的为准；还有没保存的录入时，按页面上的算 */
  function takeSums(rows) {
    grid.showSums(rows);
    if (dirtyRows().length) grid.totalAll();
    else document.dispatchEvent(new CustomEvent("grid:sums", { detail: rows }));
  }

  /* 项目行自己还有未保存的录入时，不换版本号，好让同事的修改仍能被发现 */
  function withoutDirty(item, fresh) {
    const isOwn = Object.keys(grid.stateOf(item).typed).length && Number(item.dataset.version) !== fresh.version;
    return isOwn ? Object.assign({}, fresh, { version: item.dataset.version }) : fresh;
  }

  /* 新行送出后没有等到回答：先看看服务器上是不是已经有了 */
  function adopt(tr) {
    const body = tr.parentNode;
    return fetchRows("?item=" + body.dataset.item).then((said) => {
      const fresh = grid.parseItem(said.html[body.dataset.item]);
      const label = grid.valueOf(tr, "label");
      const isMine = (row) => !document.getElementById(row.id) && (row.cells[1].dataset.source || row.cells[1].textContent) === label;
      const found = fresh && Array.from(fresh.querySelectorAll(".r-line")).find(isMine);
      if (!found) return false;
      tr.dataset.id = found.dataset.id;
      tr.dataset.version = found.dataset.version;
      tr.id = found.id;
      return true;
    });
  }

  function saveAll() {
    return Promise.all(
      dirtyRows().map((tr) => {
        grid.stateOf(tr).waiting = false;
        return save(tr);
      })
    ).then(() => {
      if (!dirtyRows().length) grid.announce("全部已保存");
    });
  }

  /* 由人要求的保存：停下的行也再送一次，有冲突的会再问 */
  function saveNow() {
    grid.commit();
    dirtyRows().forEach((tr) => {
      grid.stateOf(tr).stopped = "";
    });
    return saveAll();
  }

  /* ---- 什么时候保存 ---- */

  if (grid.isOpen) {
    grid.on("change", (change) => {
      if (change.isNew) {
        if (change.text) (grid.kindOf(change.tr) === "new" ? grid.newLine : grid.newItem)(change);
        return;
      }
      paintErrorState(change.tr);
      keep();
      if (grid.stateOf(change.tr).stopped && !isDirty(change.tr)) resume(change.tr);
      else schedule(change.tr, PAUSE);
    });
    grid.on("settled", (tr) => schedule(tr, PAUSE));
    grid.on("leaveRow", (tr) => {
      if (/^(line|item)$/.test(grid.kindOf(tr))) save(tr);
    });
    grid.on("live", (change) => {
      if (!/^(line|item)$/.test(grid.kindOf(change.tr))) return;
      grid.setTyped(change.tr, grid.columnOf(change.cell).name, change.text.trim());
      paintErrorState(change.tr);
      keep();
      schedule(change.tr, PAUSE);
    });
    document.addEventListener("house:signed-in", saveAll);
    /* 测算行绑定了数据来源，或采用了新数：换上服务器上的数，右侧面板跟着换 */
    document.addEventListener("sourceChanged", (event) => {
      grid.refreshItems([event.detail.item]).then(() => document.dispatchEvent(new CustomEvent("grid:saved", { detail: {} })));
    });
    window.addEventListener("online", saveAll);
    /* 点“提交审核”等动作前，先把没保存的存好 */
    document.addEventListener("htmx:confirm", (event) => {
      if (!event.target.closest || !event.target.closest(".page__actions") || !dirtyRows().length) return;
      event.preventDefault();
      saveNow().then(() => {
        if (dirtyRows().length) window.house.toast("还有没保存的录入，请先改正或等它保存好。", "warning");
        else event.detail.issueRequest(true);
      });
    });
    document.addEventListener("DOMContentLoaded", recover);
  }

  function paintErrorState(tr) {
    const state = grid.stateOf(tr);
    const isWrong = Object.keys(state.errors).length > 0;
    if (state.stopped || isWrong) paint(tr, state.stopped || "未保存", "wrong");
    else paint(tr, "", "");
    grid.showTip();
  }

  Object.assign(grid, {
    send: send,
    fetchRows: fetchRows,
    address: address,
    save: save,
    saveAll: saveAll,
    saveNow: saveNow,
    takeSums: takeSums,
    typedIn: typedIn,
    retype: retype,
    isDirty: isDirty,
    dirtyRows: dirtyRows,
    paintState: paint,
    paintAll: paintAll,
    keep: keep,
    withoutDirty: withoutDirty,
    noteSaved: (at) => {
      lastSaved = at || lastSaved;
      paintAll();
    },
  });
})();
